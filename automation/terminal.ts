/** What kind of terminal the command has. CI counts as none: nobody is there to answer. */
export interface Terminal {
  /** A person can be asked. */
  interactive: boolean;
  /** Plain lines instead of a live tree. */
  plain: boolean;
}

export function terminal(
  env: NodeJS.ProcessEnv = process.env,
  streams: { stdin: boolean; stderr: boolean } = {
    stdin: !!process.stdin.isTTY,
    stderr: !!process.stderr.isTTY,
  },
): Terminal {
  const isSet = (name: string) => env[name] !== undefined && env[name] !== "";
  const ci = isSet("CI") && env.CI !== "false";
  const interactive = streams.stdin && streams.stderr && !ci;
  return { interactive, plain: !streams.stderr || ci || isSet("NO_COLOR") };
}

/** Writes one line on standard error, where everything but results belongs. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
