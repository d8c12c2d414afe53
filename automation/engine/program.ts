import { type ChildProcess, spawn } from "node:child_process";

export interface ProgramOptions {
  file: string;
  args: readonly string[];
  /** Every run has a deadline; when it passes, the program and all it started are killed. */
  timeoutMs: number;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  signal?: AbortSignal;
  /** Called with each line of standard error, for progress. */
  onStderr?: (line: string) => void;
}

export interface ProgramResult {
  /** `missing`: there is no such program; `deadline` and `aborted`: it was killed. */
  outcome: "exited" | "missing" | "deadline" | "aborted";
  /** Null unless it exited by itself. */
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** How much of a program's output is kept, in characters: what it said last is what explains a failure. */
const keptOutput = 1_000_000;

const running = new Set<ChildProcess>();
let exitHookSet = false;

/**
 * Runs a program without a shell, in its own process group so that a deadline or an interrupt ends its children too.
 * Never throws for what the program does; see `ProgramResult.outcome`.
 */
export function runProgram(options: ProgramOptions): Promise<ProgramResult> {
  killLeftoversOnExit();
  return new Promise((resolve) => {
    const result: ProgramResult = { outcome: "exited", exitCode: null, stdout: "", stderr: "" };
    if (options.signal?.aborted) {
      resolve({ ...result, outcome: "aborted" });
      return;
    }
    const child = spawn(options.file, options.args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env,
      cwd: options.cwd,
    });
    running.add(child);
    const kill = (outcome: "deadline" | "aborted") => {
      result.outcome = outcome;
      killGroup(child);
    };
    const timer = setTimeout(() => kill("deadline"), options.timeoutMs);
    const onAbort = () => kill("aborted");
    options.signal?.addEventListener("abort", onAbort, { once: true });
    collect(child, result, options.onStderr);
    const finish = () => {
      running.delete(child);
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", onAbort);
      resolve(result);
    };
    child.on("error", (error) => {
      result.outcome = "missing";
      result.stderr = error.message;
      finish();
    });
    child.on("close", (code) => {
      if (result.outcome === "exited") result.exitCode = code;
      finish();
    });
  });
}

/** One line that says why a program did not succeed. */
export function failureOf(result: ProgramResult): string {
  switch (result.outcome) {
    case "missing":
      return result.stderr;
    case "deadline":
      return "no answer within its deadline";
    case "aborted":
      return "stopped";
    case "exited": {
      const said = lastLines(result.stderr || result.stdout, 3).join(" / ");
      return said === "" ? `exit code ${result.exitCode ?? "unknown (killed)"}` : said;
    }
  }
}

/** The last non-empty lines of a text. */
export function lastLines(text: string, count: number): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .slice(-count);
}

function collect(child: ChildProcess, result: ProgramResult, onStderr?: (line: string) => void): void {
  let partial = "";
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    result.stdout = (result.stdout + chunk).slice(-keptOutput);
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    result.stderr = (result.stderr + chunk).slice(-keptOutput);
    if (onStderr === undefined) return;
    const lines = (partial + chunk).split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) onStderr(line);
  });
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone already.
  }
}

/** A build must not go on for minutes after the command that asked for it has ended. */
function killLeftoversOnExit(): void {
  if (exitHookSet) return;
  exitHookSet = true;
  process.on("exit", () => {
    for (const child of running) killGroup(child);
  });
}
