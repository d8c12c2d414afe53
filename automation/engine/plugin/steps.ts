import { UserError } from "../../errors.ts";
import { redact } from "../../redact.ts";
import { type Deadline, deadlineIn } from "../../remote/deadline.ts";
import type { StepContext, StepLog } from "./context.ts";
import { copyFile, copyToRemote } from "./copy.ts";
import type { CommandOutcome } from "./local.ts";
import type { CommandOutputs } from "./recorded.ts";
import type { RemoteHosts } from "./remote.ts";
import { runHere, runOnHost } from "./run.ts";
import { type CommandType, type ResourceType, stepInputs } from "./schema.ts";
import { secretTexts } from "./secret-texts.ts";
import { asSecret, isObject, isSecret, reveal, type WireObject } from "./values.ts";

export type Verb = "create" | "update" | "delete";

export interface Step extends StepContext {
  type: ResourceType;
  verb: Verb;
  /** The inputs; for a delete, the recorded state. */
  inputs: WireObject;
  /** The recorded state; of a creation, nothing. */
  state: WireObject;
}

/** Long enough for a role's first packages over a slow line, and an end all the same. */
const defaultTimeoutSeconds = 30 * 60;

/**
 * Runs what a verb asks for and returns the outputs, null when there was nothing to run.
 * Published rules: `update` unset runs `create` again; `delete` unset runs nothing; both streams are outputs with
 * one trailing newline taken off, whatever `logging` says. What is thrown and logged is free of secrets.
 */
export async function runStep(step: Step): Promise<CommandOutputs | null> {
  const { stdout, stderr } = step.state;
  const secrets = stepSecrets({ ...step.inputs, last: [stdout ?? null, stderr ?? null] });
  return await guarded(step, secrets, async (context, deadline) => {
    if (step.type === "command:remote:CopyToRemote" || step.type === "command:remote:CopyFile") {
      // The published resources leave what they copied where it is.
      if (step.verb !== "delete") await copy({ ...step, ...context }, deadline);
      return null;
    }
    return await command({ ...step, ...context }, step.type, deadline);
  });
}

/** `local.run`: the arguments with the outputs of the command, run at every call. */
export async function runFunction(given: WireObject, context: StepContext): Promise<WireObject> {
  return await guarded(context, stepSecrets(given), async (clean, deadline) => {
    const inputs = stepInputs("command:local:run", given);
    const { outcome, files } = await runHere({ ...clean, line: inputs.command, inputs, last: {}, deadline });
    if (outcome.exitCode !== 0) throw failed(inputs.command, isSecret(given.command), outcome);
    return { ...given, ...streams(outcome), ...files };
  });
}

/** Gives the work its deadline and a log without secrets; takes the secrets out of what it throws. */
async function guarded<T>(
  context: StepContext,
  secrets: readonly string[],
  work: (context: StepContext, deadline: Deadline) => Promise<T>,
): Promise<T> {
  const seconds = context.timeoutSeconds > 0 ? context.timeoutSeconds : defaultTimeoutSeconds;
  const deadline = deadlineIn(seconds * 1000);
  const clean = (text: string) => redact(text, secrets);
  const log: StepLog = {
    line: (text) => context.log.line(clean(text)),
    warning: (text) => context.log.warning(clean(text)),
  };
  try {
    const { timeoutSeconds, hosts, signal } = context;
    return await work({ timeoutSeconds, hosts, signal, log }, deadline);
  } catch (error) {
    const late = deadline.passed() ? ` (the step's deadline is ${seconds} s)` : "";
    throw new Error(clean(`${sentence(error)}${late}`));
  }
}

/**
 * Of a connection, secret as a whole in the state, only what it keeps secret: an error has to name host and user. And
 * nothing that stands in a command which is no secret, such as the name of the thing that a secret document describes.
 */
function stepSecrets({ connection, ...inputs }: WireObject): string[] {
  const plain = reveal(connection ?? null);
  const hops = [plain, isObject(plain) ? (plain.proxy ?? null) : null];
  const secrets = hops.flatMap((hop) =>
    isObject(hop) ? [hop.privateKey, hop.password, hop.privateKeyPassword] : [],
  );
  const known = [inputs.create, inputs.update, inputs.delete].filter((line) => typeof line === "string");
  return secretTexts([inputs, ...secrets.map((secret) => asSecret(secret ?? null))]).filter(
    (secret) => !known.some((line) => line.includes(secret)),
  );
}

async function command(step: Step, type: CommandType, deadline: Deadline): Promise<CommandOutputs | null> {
  const inputs = stepInputs(type, step.inputs);
  const line = step.verb === "update" ? (inputs.update ?? inputs.create) : inputs[step.verb];
  if (line === undefined) return null;
  const { update } = step.inputs;
  const secret = isSecret(step.verb === "update" ? (update ?? step.inputs.create) : step.inputs[step.verb]);
  const run = { ...step, line, secret, last: reveal(step.state) as WireObject, deadline };
  const { outcome, files } =
    "connection" in inputs ? await runOnHost({ ...run, inputs }) : await runHere({ ...run, inputs });
  if (outcome.exitCode !== 0) throw failed(line, secret, outcome);
  return { ...streams(outcome), ...files };
}

async function copy(step: Step, deadline: Deadline): Promise<void> {
  const target = async (connection: Parameters<RemoteHosts["reach"]>[0]) => ({
    ...(await step.hosts.reach(connection, step.log.warning)),
    deadline,
  });
  if (step.type === "command:remote:CopyFile") {
    const inputs = stepInputs(step.type, step.inputs);
    await copyFile(inputs, await target(inputs.connection));
  } else {
    const inputs = stepInputs("command:remote:CopyToRemote", step.inputs);
    await copyToRemote(inputs, await target(inputs.connection));
  }
}

/** The exit code and the end of stderr; the command itself only where nothing of it is secret. */
function failed(line: string, secret: boolean, outcome: CommandOutcome): Error {
  const shown = secret ? "[redacted]" : JSON.stringify(line.length > 120 ? `${line.slice(0, 120)}…` : line);
  const end = outcome.stderr.trimEnd().split("\n").slice(-20).join("\n");
  return new Error(`exit code ${outcome.exitCode} of ${shown}${end === "" ? "" : `:\n${end}`}`);
}

function sentence(error: unknown): string {
  if (!(error instanceof UserError)) return error instanceof Error ? error.message : String(error);
  const parts = [error.what, error.why, error.next].filter((part) => part !== undefined && part !== "");
  return parts.map((part) => (/[.:!?]$/.test(part ?? "") ? part : `${part}.`)).join(" ");
}

function streams({ stdout, stderr }: CommandOutcome): { stdout: string; stderr: string } {
  return { stdout: withoutNewline(stdout), stderr: withoutNewline(stderr) };
}

function withoutNewline(text: string): string {
  return text.endsWith("\n") ? text.slice(0, -1) : text;
}
