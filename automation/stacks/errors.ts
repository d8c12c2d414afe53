import { exitCodes, UserError } from "../errors.ts";
import { redact } from "../redact.ts";
import type { StackRun } from "./events.ts";

export interface Failure {
  stack: string;
  operation: string;
  cause: unknown;
  /** What the engine's events told, where there were any. */
  run: StackRun | null;
  /** Values that never may stand in an error. */
  secrets: readonly string[];
  /** The words that name the site in a command, and the newest copy of the stack's state: for what only that cures. */
  remedy: { flag: string; backup: string | null };
}

/** How the stand-in and the published plugin tell the exit code by which our host programs refuse. */
const hostRefused = /\bexit code 12 of "|\bexited with status 12\b/;

/**
 * What the Pulumi CLI's failure means to a person: the stack, the resource, the engine's own reason, no secret. What is
 * explained already stays as it is.
 */
export function explained({ stack, operation, cause, run, secrets, remedy }: Failure): UserError {
  if (cause instanceof UserError) return cause;
  // Before anything is cut off: half a secret is found no more.
  const message = redact(messageOf(cause), secrets);
  const next = `run the command again: it carries on where this one stopped`;
  if (/the stack is currently locked by/.test(message)) return lockedByPulumi(stack, message, cause);
  if (/incorrect passphrase|passphrase must be set/i.test(message)) return wrongPassphrase(stack, cause);
  if (/failed to load checkpoint/.test(message)) return damagedState(stack, message, remedy, cause);
  const errors = run === null || run.errors.length === 0 ? [errorLines(message)] : run.errors;
  const at = run === null || run.failed.length === 0 ? "" : ` at ${run.failed.join(", ")}`;
  const why = redact([...new Set(errors)].join("\n"), secrets).slice(-4000);
  // A host that asks for something of its machine gets no further by being tried again.
  const asked = /with root: (sysctl -w \S+)/.exec(why)?.[1];
  const what = `pulumi ${operation} of the stack ${stack} failed${at}`;
  if (hostRefused.test(why)) {
    // The host's own program saw facts that speak against it: running it again changes none of them.
    const mend = "mend what the reason names, then run the command again";
    return new UserError({ what, why, next: mend, exitCode: exitCodes.refused, code: "host-refused", cause });
  }
  return new UserError({
    what,
    why,
    next: asked === undefined ? next : `as root: ${asked}; then ${next}`,
    exitCode: exitCodes.deployment,
    cause,
  });
}

/** A file that was cut off, as a full disk or a lost machine leaves it. */
function damagedState(
  stack: string,
  message: string,
  { flag, backup }: Failure["remedy"],
  cause: unknown,
): UserError {
  const cure = `npx evenkeel${flag} pulumi stack import --stack ${stack} --file ${backup}; then run the command again`;
  return new UserError({
    what: `Pulumi's state of the stack ${stack} is damaged; nothing was changed`,
    why: errorLines(message),
    next: backup === null ? "restore the state's file from a copy of your own: Evenkeel made none yet" : cure,
    exitCode: exitCodes.deployment,
    code: "state-damaged",
    cause,
  });
}

function messageOf(cause: unknown): string {
  if (cause instanceof Error) return cause.message;
  const { message, stderr } = Object(cause) as { message?: unknown; stderr?: unknown };
  if (typeof message === "string") return message;
  return typeof stderr === "string" ? stderr : String(cause);
}

function wrongPassphrase(stack: string, cause: unknown): UserError {
  const variable = process.env.PULUMI_CONFIG_PASSPHRASE_FILE
    ? "PULUMI_CONFIG_PASSPHRASE_FILE"
    : "PULUMI_CONFIG_PASSPHRASE";
  return new UserError({
    what: `${variable} is not the passphrase with which the stack ${stack} was made`,
    why: "its state can't be decrypted; nothing was changed",
    next: `set ${variable} to the right one; for a site that was made without it: unset ${variable}`,
    exitCode: exitCodes.credentials,
    code: "wrong-passphrase",
    cause,
  });
}

/** The `error:` lines of the CLI's standard error, or its last lines where it marked none. */
function errorLines(message: string): string {
  const lines = message.split("\n").filter((line) => line.trim() !== "");
  const marked = lines.filter((line) => /^\s*(stderr: )?error:/.test(line));
  return (marked.length > 0 ? marked : lines.slice(-8)).join("\n");
}

function lockedByPulumi(stack: string, message: string, cause: unknown): UserError {
  const owner = /created by (.*)/.exec(message)?.[1];
  return new UserError({
    what: `Pulumi's own lock lies on the stack ${stack}`,
    why: owner === undefined ? "another update of it runs" : `created by ${owner}`,
    next: "wait until that update ends; evenkeel removes the lock of one that is proved dead",
    exitCode: exitCodes.locked,
    cause,
  });
}

export function timedOut(stack: string, seconds: number, cause: unknown): UserError {
  return new UserError({
    what: `the stack ${stack} was not done after ${seconds} s; its running step was asked to stop`,
    next: "run the command again with a larger --timeout: it carries on where this one stopped",
    exitCode: exitCodes.resumable,
    cause,
  });
}

/** A command of the CLI that has no `--timeout` and gave no answer. Its words hold no secret: values travel in files. */
export function unanswered(args: readonly string[], seconds: number): UserError {
  return new UserError({
    what: `pulumi ${args.join(" ")} did not end within ${seconds} s and was ended`,
    why: "the place of the state may not answer (PULUMI_BACKEND_URL), or this machine is overloaded",
    next: "npx evenkeel check looks at this machine; then run the command again: it carries on where this one stopped",
    exitCode: exitCodes.resumable,
    code: "pulumi-silent",
  });
}
