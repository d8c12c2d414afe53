import { spawn } from "node:child_process";
import { dirname } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { interrupts } from "../interrupt.ts";
import { unanswered } from "./errors.ts";

interface Result {
  stdout: string;
  stderr: string;
  code: number;
}

type Run = (
  args: string[],
  cwd: string,
  additionalEnv: Record<string, string>,
  onOutput?: (text: string) => void,
  onError?: (text: string) => void,
  signal?: AbortSignal,
) => Promise<Result>;

/**
 * For a command that has no deadline of its own: export, import, output, rm, cancel, unprotect. Each takes half a
 * second on a machine at rest and a few seconds on one that builds; what takes a minute waits for a backend that does
 * not answer, or for a question that nobody sees.
 */
const answerMs = 60_000;
/** An interrupted CLI still writes its state and gives its lock back. */
const graceMs = 5000;

/** How long a command may take that brings no abort signal, and how long it may then take to end. */
export interface Patience {
  answerMs: number;
  graceMs: number;
}

/**
 * The Pulumi CLI of the set-up, run in a process group of its own. The Automation API would run it in ours, where a
 * Ctrl-C at the terminal reaches it besides the one SIGINT that the abort signal sends; two of them leave half-done
 * operations behind. `run` is not part of the published type, hence the assignment; tests/unit/stacks guard it.
 * A command with an abort signal (up, preview, destroy) has its caller's deadline; every other one is ended, and a
 * UserError names it.
 */
export async function detachedCommand(
  root: string,
  patience: Patience = { answerMs, graceMs },
): Promise<PulumiCommand> {
  const automation = await import("@pulumi/pulumi/automation/index.js");
  const command = await automation.PulumiCommand.get({ root, skipVersionCheck: true });
  const errors = (await import("@pulumi/pulumi/automation/errors.js")) as unknown as {
    createCommandError(result: Result): Error;
  };
  const run: Run = async (args, cwd, additionalEnv, onOutput, onError, signal) => {
    const result = await runDetached({
      command: command.command,
      args,
      cwd,
      additionalEnv,
      onOutput,
      onError,
      signal,
      ...(signal === undefined ? { patience } : {}),
    });
    if (result.late) throw unanswered(args, patience.answerMs / 1000);
    if (result.code !== 0) throw errors.createCommandError(inWords(result));
    return result;
  };
  return Object.assign(command, { run });
}

/** The API takes an error's message from the result's `toString`; without one it is "[object Object]". */
function inWords(result: Result): Result {
  const toString = () => `code: ${result.code}\n stdout: ${result.stdout}\n stderr: ${result.stderr}\n`;
  return Object.assign(result, { toString });
}

interface DetachedOptions {
  command: string;
  args: readonly string[];
  cwd: string;
  additionalEnv: Record<string, string>;
  onOutput?: ((text: string) => void) | undefined;
  onError?: ((text: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

/**
 * Runs the CLI to its end, whatever its exit code. An abort sends exactly one SIGINT, a second interrupt kills; so does
 * the deadline, where there is one (`late`): one SIGINT, and SIGKILL for the group that does not heed it.
 */
async function runDetached(options: DetachedOptions): Promise<Result & { late: boolean }> {
  const args = options.args.includes("--non-interactive")
    ? options.args
    : [...options.args, "--non-interactive"];
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.additionalEnv, PULUMI_AUTOMATION_API: "true" };
  env.PATH = `${dirname(options.command)}:${env.PATH ?? ""}`;
  const child = spawn(options.command, args, {
    cwd: options.cwd,
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const finish = () => child.kill("SIGINT");
  const kill = () => child.pid !== undefined && killGroup(child.pid);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
    options.onOutput?.(text);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
    options.onError?.(text);
  });
  options.signal?.addEventListener("abort", finish, { once: true });
  const forget = interrupts().onAbort(kill);
  const bell =
    options.patience &&
    deadline(options.patience, finish, () => {
      kill();
      // A grandchild in another group may hold the pipes open for ever.
      child.stdout.destroy();
      child.stderr.destroy();
    });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit) => resolve(exit ?? -2));
    });
    return { ...output, code, late: bell?.rang() ?? false };
  } finally {
    bell?.stop();
    options.signal?.removeEventListener("abort", finish);
    forget();
  }
}

/** Calls `finish` when the answer is late, and `kill` when the grace is over as well. */
function deadline(patience: Patience, finish: () => void, kill: () => void) {
  let late = false;
  let timer = setTimeout(() => {
    late = true;
    finish();
    timer = setTimeout(kill, patience.graceMs);
  }, patience.answerMs);
  return { rang: () => late, stop: () => clearTimeout(timer) };
}

/** The group may have ended a moment ago. */
function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
