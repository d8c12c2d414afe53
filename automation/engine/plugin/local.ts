import { stat } from "node:fs/promises";
import { execa, type ResultPromise } from "execa";
import { type Deadline, deadlineIn, within } from "../../remote/deadline.ts";

export interface CommandOutcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

export interface LineWatch {
  onStdout: ((line: string) => void) | undefined;
  onStderr: ((line: string) => void) | undefined;
}

export interface LocalRun extends LineWatch {
  /** The interpreter with its arguments, and the command as the last of them. */
  argv: readonly [string, ...string[]];
  /** Null: the plugin's own, which is the program's. */
  dir: string | null;
  /** Added to the plugin's own. */
  environment: Readonly<Record<string, string>>;
  stdin: string | undefined;
  deadline: Deadline;
  /** Aborted: the command is to end. */
  signal: AbortSignal;
  /** Milliseconds between asking its group of processes to end and ending it. */
  graceMs?: number;
}

/** Between asking and ending: enough for lab-host.sh to end the `docker` that it waits for. */
const defaultGraceMs = 5000;

/** Groups of processes that run now, by the id of their leader. */
const groups = new Set<number>();

/** Which of a command's lines go to the engine's log. Published default: both; an unknown word: neither. */
export function lineWatch(logging: string | undefined, log: (line: string) => void): LineWatch {
  const shown = (stream: string) =>
    logging === undefined || logging === stream || logging === "stdoutAndStderr" ? log : undefined;
  return { onStdout: shown("stdout"), onStderr: shown("stderr") };
}

/**
 * Runs a command in a process group of its own, in the plugin's environment with more added to it.
 * Past the deadline, or at the signal, the whole group gets SIGTERM, after its grace SIGKILL, and
 * an error is thrown.
 */
export async function runLocal(run: LocalRun): Promise<CommandOutcome> {
  const [file, ...rest] = run.argv;
  await refuseUnusable(run);
  const child = execa(file, rest, {
    reject: false,
    // A group of its own: it is ended as one, and an interrupt at the terminal does not reach it.
    detached: true,
    cleanup: false,
    env: run.environment,
    ...(run.dir === null ? {} : { cwd: run.dir }),
    ...(run.stdin === undefined ? { stdin: "ignore" as const } : { input: run.stdin }),
    stdout: run.onStdout === undefined ? "pipe" : lines(run.onStdout),
    stderr: run.onStderr === undefined ? "pipe" : lines(run.onStderr),
    stripFinalNewline: false,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  const { promise: stopped, reject: stop } = Promise.withResolvers<never>();
  const onAbort = () => stop(new Error("ended with its process group, because the update was cancelled"));
  run.signal.addEventListener("abort", onAbort, { once: true });
  if (run.signal.aborted) onAbort();
  try {
    const late = () => new Error("ended with its process group, because it was late");
    return outcome(file, await within(Promise.race([child, stopped]), run.deadline, late));
  } catch (error) {
    await endGroup(pid, child, run.graceMs ?? defaultGraceMs);
    throw error;
  } finally {
    run.signal.removeEventListener("abort", onAbort);
    if (pid !== undefined) groups.delete(pid);
  }
}

/** Errors of our own for what Node would answer with the value of a variable in its sentence. */
async function refuseUnusable({ dir, environment }: LocalRun): Promise<void> {
  const held = Object.entries(environment).find(([, value]) => value.includes("\0"));
  if (held !== undefined) throw new Error(`the variable ${held[0]} holds a NUL byte`);
  const isFolder = dir === null || (await stat(dir).catch(() => null))?.isDirectory();
  if (isFolder !== true) throw new Error(`dir ${JSON.stringify(dir)} is no folder`);
}

interface Ended {
  exitCode?: number;
  signal?: string;
  stdout?: unknown;
  stderr?: unknown;
}

function outcome(file: string, result: Ended): CommandOutcome {
  if (result.exitCode === undefined && result.signal === undefined)
    throw new Error(`${file} could not be started`);
  const [stdout, stderr] = [String(result.stdout ?? ""), String(result.stderr ?? "")];
  if (result.signal !== undefined)
    return { exitCode: 128, stdout, stderr: `${stderr}ended by ${result.signal}\n` };
  return { exitCode: result.exitCode ?? 1, stdout, stderr };
}

async function endGroup(pid: number | undefined, child: ResultPromise, graceMs: number): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  const gone = async () => {
    while (signalGroup(pid, 0)) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await within(gone(), deadlineIn(graceMs), () => new Error("grace is over")).catch(() => undefined);
  signalGroup(pid, "SIGKILL");
  // A process that left the group may hold the pipes: it is not waited for.
  child.stdout?.destroy();
  child.stderr?.destroy();
}

/** False when no process of the group is left. */
function signalGroup(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** Ends every group at once, for the plugin's own end: TERM now, KILL after a second. */
export async function endLocalGroups(): Promise<void> {
  const left = () => [...groups].filter((pid) => signalGroup(pid, 0));
  for (const pid of groups) signalGroup(pid, "SIGTERM");
  for (let waited = 0; waited < 1000 && left().length > 0; waited += 50) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const pid of left()) signalGroup(pid, "SIGKILL");
}

function lines(watch: (line: string) => void) {
  return function* (line: unknown) {
    watch(String(line));
    yield String(line);
  };
}
