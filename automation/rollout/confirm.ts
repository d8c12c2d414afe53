import { exitCodes, UserError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { say, type Terminal } from "../terminal.ts";

export interface TypedQuestion {
  /** What must be typed. */
  name: string;
  /** What the flag gave. */
  given: string | undefined;
  flag: string;
  /** Without a terminal the flag alone is not enough where this is false. */
  yes: boolean;
  terminal: Terminal;
  /** What will have happened, said before it is asked for. */
  consequence: string;
  ask?: (name: string) => Promise<string>;
}

/**
 * Lets a dangerous command go on only when its object was named once more: by the flag, or typed at the terminal.
 * Without a terminal nothing is asked; then both the flag and `yes` are needed (exit 2, before anything is touched).
 */
export async function askTyped(question: TypedQuestion): Promise<void> {
  refuseUnconfirmed(question);
  const { name, given, flag } = question;
  if (given !== undefined) return;
  say(question.consequence);
  const typed = await (question.ask ?? askAtTerminal)(name);
  if (typed.trim() !== name)
    throw usage(`"${typed.trim()}" is not ${name}: nothing was done`, `${flag} ${name}`);
}

/** What of it the arguments alone decide: for a command that looks at something before it asks. */
export function refuseUnconfirmed(question: Omit<TypedQuestion, "consequence" | "ask">): void {
  const { name, given, flag, terminal } = question;
  refuseOtherName(question);
  if (terminal.interactive || (given !== undefined && question.yes)) return;
  const what =
    given === undefined
      ? "there is no terminal to confirm at"
      : "without a terminal the confirmation needs --yes too";
  throw usage(what, `--yes ${flag} ${name}`);
}

/** A flag that names something else is a usage error (exit 2), also where there is nothing to be confirmed. */
export function refuseOtherName({ name, given, flag }: Pick<TypedQuestion, "name" | "given" | "flag">): void {
  if (given === undefined || given === name) return;
  throw usage(`${flag} names ${given}, but this is about ${name}`, `${flag} ${name}`);
}

async function askAtTerminal(name: string): Promise<string> {
  const { input } = await import("@inquirer/prompts");
  try {
    return await input({ message: `Type ${name} to go on:` }, { output: process.stderr });
  } catch (cause) {
    if (cause instanceof Error && cause.name === "ExitPromptError") throw interrupted(cause);
    throw cause;
  }
}

function usage(what: string, flags: string): UserError {
  return new UserError({ what, next: `give the command again with ${flags}`, exitCode: exitCodes.usage });
}
