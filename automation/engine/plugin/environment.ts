import { randomBytes } from "node:crypto";
import type { Deadline } from "../../remote/deadline.ts";
import type { SshSession } from "../../remote/ssh.ts";

type Variables = Readonly<Record<string, string>>;

export interface SendableVariables {
  session: SshSession;
  alias: string;
  /** Refused by the host: the step fails. */
  required: Variables;
  /** Refused by the host: left out, with a warning. */
  optional: Variables;
  deadline: Deadline;
  warn: (text: string) => void;
}

/**
 * The variables that the host takes. ssh never says which ones a host dropped, so it is asked once a run: it gets each
 * name with a random word and shows its environment. Nothing is asked where nothing is to be sent.
 * Throws, naming the variables, when a required one is refused.
 */
export async function sendableVariables(wanted: SendableVariables): Promise<Variables> {
  const { required, optional, warn } = wanted;
  // The last output wins over a variable of the same name, as published.
  const all = { ...required, ...optional };
  const names = Object.keys(all);
  if (names.length === 0) return {};
  const taken = await takenNames(wanted, names);
  const refused = names.filter((name) => !taken.has(name));
  const fatal = refused.filter((name) => Object.hasOwn(required, name));
  if (fatal.length > 0) throw new Error(`could not set ${fatal.join(", ")} on the host. ${remedy}`);
  for (const name of refused) warn(`Could not set ${name} on the host. ${remedy}`);
  return Object.fromEntries(Object.entries(all).filter(([name]) => taken.has(name)));
}

const remedy =
  "Its SSH server has to name the variable in AcceptEnv; or write it into the command, VAR=value command.";

async function takenNames(wanted: SendableVariables, names: readonly string[]): Promise<Set<string>> {
  const { session, alias, deadline } = wanted;
  const word = randomBytes(8).toString("hex");
  const environment = Object.fromEntries(names.map((name) => [name, word]));
  const { stdout } = await session.runLine(
    alias,
    { line: "env", environment },
    { timeoutMs: deadline.leftMs() },
  );
  const lines = new Set(stdout.split("\n"));
  return new Set(names.filter((name) => lines.has(`${name}=${word}`)));
}
