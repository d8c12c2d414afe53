import { spawn } from "node:child_process";
import { dirname } from "node:path";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { interrupts } from "../interrupt.ts";

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
 * The Pulumi CLI of the set-up, run in a process group of its own. The Automation API would run it in ours, where a
 * Ctrl-C at the terminal reaches it besides the one SIGINT that the abort signal sends; two of them leave half-done
 * operations behind. `run` is not part of the published type, hence the assignment; tests/unit/stacks guard it.
 */
export async function detachedCommand(root: string): Promise<PulumiCommand> {
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
    });
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
}

/** Runs the CLI to its end, whatever its exit code. An abort sends exactly one SIGINT, a second interrupt kills. */
async function runDetached(options: DetachedOptions): Promise<Result> {
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
  const kill = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
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
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exit) => resolve(exit ?? -2));
    });
    return { ...output, code };
  } finally {
    options.signal?.removeEventListener("abort", finish);
    forget();
  }
}
