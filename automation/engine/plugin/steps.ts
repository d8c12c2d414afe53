import { UserError } from "../../errors.ts";
import { type Deadline, deadlineIn } from "../../remote/deadline.ts";
import { copyToRemote } from "./copy.ts";
import { type CommandOutcome, type LineWatch, lineWatch, runLocal } from "./local.ts";
import type { RemoteHosts } from "./remote.ts";
import { type Connection, type ResourceType, stepInputs } from "./schema.ts";
import {
  asSecret,
  isObject,
  isSecret,
  reveal,
  secretTexts,
  type WireObject,
  withoutSecrets,
} from "./values.ts";

export type Verb = "create" | "update" | "delete";

export interface Step {
  type: ResourceType;
  verb: Verb;
  /** The inputs; for a delete, the recorded state. */
  inputs: WireObject;
  /** From the engine (customTimeouts); 0: none given. */
  timeoutSeconds: number;
  /** A line for the engine's log, beside the resource. */
  log: (line: string) => void;
  hosts: RemoteHosts;
}

/** Long enough for a role's first packages over a slow line, and an end all the same. */
const defaultTimeoutSeconds = 30 * 60;

export interface CommandOutputs {
  stdout: string;
  stderr: string;
}

/**
 * Runs what a verb asks for and returns the outputs, null when there was nothing to run.
 * Published rules: `update` unset runs `create` again; `delete` unset runs nothing; both streams are outputs with
 * one trailing newline taken off, whatever `logging` says. What is thrown and logged is free of secrets.
 */
export async function runStep(step: Step): Promise<CommandOutputs | null> {
  const seconds = step.timeoutSeconds > 0 ? step.timeoutSeconds : defaultTimeoutSeconds;
  const deadline = deadlineIn(seconds * 1000);
  const secrets = stepSecrets(step.inputs);
  const clean = (text: string) => withoutSecrets(text, secrets);
  try {
    if (step.type === "command:remote:CopyToRemote") {
      await copy(step, deadline);
      return null;
    }
    return await command({ ...step, log: (line) => step.log(clean(line)) }, deadline);
  } catch (error) {
    const late = deadline.passed() ? ` (the step's deadline is ${seconds} s)` : "";
    throw new Error(clean(`${sentence(error)}${late}`));
  }
}

/** Of a connection, secret as a whole in the state, only the keys: an error has to name host and user. */
function stepSecrets({ connection, ...inputs }: WireObject): string[] {
  const plain = reveal(connection ?? null);
  const proxy = isObject(plain) ? (plain.proxy ?? null) : null;
  const keys = [plain, proxy].map((hop) => (isObject(hop) ? asSecret(hop.privateKey ?? null) : null));
  return secretTexts([inputs, ...keys]);
}

async function command(step: Step, deadline: Deadline): Promise<CommandOutputs | null> {
  const remote = step.type === "command:remote:Command";
  const inputs = stepInputs(remote ? "command:remote:Command" : "command:local:Command", step.inputs);
  const line = step.verb === "update" ? (inputs.update ?? inputs.create) : inputs[step.verb];
  if (line === undefined) return null;
  const watch = lineWatch(inputs.logging, step.log);
  const result =
    "connection" in inputs
      ? await remotely(step, deadline, { line, stdin: inputs.stdin, watch, connection: inputs.connection })
      : await runLocal({ command: line, stdin: inputs.stdin, deadline, ...watch });
  if (result.exitCode !== 0) throw failed(step, line, result);
  return { stdout: withoutNewline(result.stdout), stderr: withoutNewline(result.stderr) };
}

interface RemoteRun {
  line: string;
  stdin: string | undefined;
  watch: LineWatch;
  connection: Connection;
}

async function remotely(step: Step, deadline: Deadline, run: RemoteRun): Promise<CommandOutcome> {
  const { session, alias } = await step.hosts.reach(run.connection);
  const secret = isSecret(step.inputs.create) || isSecret(step.inputs.update) || isSecret(step.inputs.delete);
  const { onStdout, onStderr } = run.watch;
  return await session.runLine(
    alias,
    { line: run.line, secret, ...(run.stdin === undefined ? {} : { stdin: run.stdin }) },
    {
      timeoutMs: deadline.leftMs(),
      ...(onStdout === undefined ? {} : { onStdout }),
      ...(onStderr === undefined ? {} : { onStderr }),
    },
  );
}

async function copy(step: Step, deadline: Deadline): Promise<void> {
  // The published resource leaves what it copied where it is.
  if (step.verb === "delete") return;
  const inputs = stepInputs("command:remote:CopyToRemote", step.inputs);
  const { session, alias } = await step.hosts.reach(inputs.connection);
  await copyToRemote(inputs, { session, alias, deadline });
}

/** The exit code and the end of stderr; the command itself only where nothing of it is secret. */
function failed(step: Step, line: string, result: CommandOutcome): Error {
  const secret = isSecret(step.inputs[step.verb]) || (step.verb === "update" && isSecret(step.inputs.create));
  const shown = secret ? "[redacted]" : JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line);
  const end = result.stderr.trimEnd().split("\n").slice(-20).join("\n");
  return new Error(`exit code ${result.exitCode} of ${shown}${end === "" ? "" : `:\n${end}`}`);
}

function sentence(error: unknown): string {
  if (!(error instanceof UserError)) return error instanceof Error ? error.message : String(error);
  const parts = [error.what, error.why, error.next].filter((part) => part !== undefined && part !== "");
  return parts.map((part) => (/[.:!?]$/.test(part ?? "") ? part : `${part}.`)).join(" ");
}

function withoutNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
