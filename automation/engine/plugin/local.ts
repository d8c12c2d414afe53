import { execa, type ResultPromise } from "execa";
import { type Deadline, deadlineIn, within } from "../../remote/deadline.ts";
import type { Logging } from "./schema.ts";

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
  command: string;
  stdin: string | undefined;
  deadline: Deadline;
}

/** Seconds between asking a group of processes to end and ending it. */
const graceMs = 5000;

/** Groups of processes that run now, by the id of their leader. */
const groups = new Set<number>();

/** Which of a command's lines go to the engine's log. Published default: both. */
export function lineWatch(logging: Logging, log: (line: string) => void): LineWatch {
  return {
    onStdout:
      logging === undefined || logging === "stdout" || logging === "stdoutAndStderr" ? log : undefined,
    onStderr:
      logging === undefined || logging === "stderr" || logging === "stdoutAndStderr" ? log : undefined,
  };
}

/**
 * Runs a command by /bin/sh -c in a process group of its own, in the plugin's folder and environment, as published.
 * Past the deadline the whole group gets SIGTERM, five seconds later SIGKILL, and an error is thrown.
 */
export async function runLocal(run: LocalRun): Promise<CommandOutcome> {
  const child = execa("/bin/sh", ["-c", run.command], {
    reject: false,
    // A group of its own: it is ended as one, and an interrupt at the terminal does not reach it.
    detached: true,
    cleanup: false,
    ...(run.stdin === undefined ? { stdin: "ignore" as const } : { input: run.stdin }),
    stdout: run.onStdout === undefined ? "pipe" : lines(run.onStdout),
    stderr: run.onStderr === undefined ? "pipe" : lines(run.onStderr),
    stripFinalNewline: false,
    maxBuffer: 64 * 1024 * 1024,
  });
  const { pid } = child;
  if (pid !== undefined) groups.add(pid);
  try {
    return outcome(
      await within(child, run.deadline, () => new Error("ended with its process group, because it was late")),
    );
  } catch (error) {
    await endGroup(pid, child);
    throw error;
  } finally {
    if (pid !== undefined) groups.delete(pid);
  }
}

function outcome(result: {
  exitCode?: number;
  signal?: string;
  stdout?: unknown;
  stderr?: unknown;
}): CommandOutcome {
  if (result.exitCode === undefined && result.signal === undefined)
    throw new Error("/bin/sh could not be started");
  const [stdout, stderr] = [String(result.stdout ?? ""), String(result.stderr ?? "")];
  if (result.signal !== undefined)
    return { exitCode: 128, stdout, stderr: `${stderr}ended by ${result.signal}\n` };
  return { exitCode: result.exitCode ?? 1, stdout, stderr };
}

async function endGroup(pid: number | undefined, child: ResultPromise): Promise<void> {
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
