import { redact } from "./redact.ts";

/** What kind of terminal the command has. CI counts as none: nobody is there to answer. */
export interface Terminal {
  /** A person can be asked. */
  interactive: boolean;
  /** Plain lines instead of a live tree. */
  plain: boolean;
}

export function terminal(
  env: NodeJS.ProcessEnv = process.env,
  streams: { stdin: boolean; stderr: boolean; columns?: number } = {
    stdin: !!process.stdin.isTTY,
    stderr: !!process.stderr.isTTY,
    columns: process.stderr.columns,
  },
): Terminal {
  const isSet = (name: string) => env[name] !== undefined && env[name] !== "";
  const ci = isSet("CI") && env.CI !== "false";
  const interactive = streams.stdin && streams.stderr && !ci;
  // A terminal that was never told its size says 0: a tree would stand one letter below the other.
  return { interactive, plain: !streams.stderr || streams.columns === 0 || ci || isSet("NO_COLOR") };
}

let hidden: readonly string[] = [];

/** From now on these values are taken out of all that is said: a program on a host may repeat one in its error. */
export function hide(secrets: readonly string[]): void {
  hidden = secrets;
}

/** A text without the values that are hidden. */
export function withoutHidden(text: string): string {
  return redact(text, hidden);
}

/** Writes one line on standard error, where everything but results belongs. */
export function say(line: string): void {
  process.stderr.write(`${withoutHidden(line)}\n`);
}
