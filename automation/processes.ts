import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";

/** What names a process beyond doubt: a pid alone is used again, and a boot begins them anew. */
export const processIdentity = z.object({
  host: z.string(),
  /** machine-id(5): two machines, or a container and its host, may share a name. Null where there is none. */
  machineId: z.string().nullable(),
  /** The kernel's boot id; null where it can't be read (not Linux). */
  bootId: z.string().nullable(),
  /** Where `pid` counts: pid_namespaces(7). Null where it can't be read. */
  pidNamespace: z.string().nullable(),
  pid: z.int(),
  /** Start time in clock ticks since boot (field 22 of /proc/PID/stat, proc(5)); null where it can't be read. */
  startTime: z.string().nullable(),
});

export type ProcessIdentity = z.infer<typeof processIdentity>;

/** What this process sees of where it runs. */
type Surroundings = Pick<ProcessIdentity, "host" | "machineId" | "bootId" | "pidNamespace">;

function surroundings(): Surroundings {
  const machineId = textOf("/etc/machine-id")?.trim() || null;
  return { host: hostname(), machineId, bootId: bootId(), pidNamespace: pidNamespace() };
}

export function ownIdentity(): ProcessIdentity {
  return { ...surroundings(), pid: process.pid, startTime: startTimeOf(process.pid) };
}

/**
 * Whether a process still runs: `alive`, `dead` (proved on this host) or `unknown` (it ran on another host or where
 * other processes are seen, as in a container: nothing can be proved from here). `now` is what this host knows at
 * present.
 */
export function liveness(
  process: ProcessIdentity,
  now: Surroundings & {
    startTimeOf: (pid: number) => string | null;
    exists: (pid: number) => boolean;
  },
): "alive" | "dead" | "unknown" {
  if (process.host !== now.host || process.machineId !== now.machineId) return "unknown";
  if (process.bootId !== null && now.bootId !== null && process.bootId !== now.bootId) return "dead";
  if (process.pidNamespace !== now.pidNamespace) return "unknown";
  if (!now.exists(process.pid)) return "dead";
  const startTime = now.startTimeOf(process.pid);
  if (process.startTime !== null && startTime !== null && startTime !== process.startTime) return "dead";
  return "alive";
}

/** What `liveness` needs to know of this host. */
export function thisHost() {
  return { ...surroundings(), startTimeOf, exists };
}

function bootId(): string | null {
  return readProc("sys/kernel/random/boot_id")?.trim() ?? null;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/** A zombie has ended; its parent just hasn't noticed. */
export function exists(pid: number): boolean {
  const stat = readProc(`${pid}/stat`);
  if (stat !== null) return fieldsAfterName(stat)[0] !== "Z";
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

export function startTimeOf(pid: number): string | null {
  const stat = readProc(`${pid}/stat`);
  return stat === null ? null : (fieldsAfterName(stat)[19] ?? null);
}

/** Fields 3… of /proc/PID/stat; field 2, the name, may itself hold spaces and brackets. */
function fieldsAfterName(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readProc(path: string): string | null {
  return textOf(`/proc/${path}`);
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

/** Numbers of all processes that are seen from here. */
function pids(): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
}

/**
 * Whether every process of this machine is seen from here, those of its containers too: what isn't seen is not there
 * then. True as well where no one can tell (not Linux). The number of the first namespace is fixed
 * (https://github.com/torvalds/linux/blob/master/include/linux/proc_ns.h, PROC_PID_INIT_INO).
 */
export function seesAllProcesses(): boolean {
  return [null, `pid:[${0xeffffffc}]`].includes(pidNamespace());
}

/**
 * Whether a process of this name has this number, here or in a container that is seen from here, where its number is
 * another (NSpid in /proc/PID/status, proc(5)).
 */
export function runsAnywhere(name: string, pid: number): boolean {
  return pids().some((one) => {
    if (readProc(`${one}/comm`)?.trim() !== name || !exists(one)) return false;
    const numbers = /^NSpid:\s*(.*)$/m.exec(readProc(`${one}/status`) ?? "")?.[1] ?? String(one);
    return numbers.split(/\s+/).map(Number).includes(pid);
  });
}

export interface RunningProcess {
  pid: number;
  name: string;
  parent: number;
}

/** This user's processes whose environment holds `NAME=value`, this process left out. */
export function processesWith(name: string, value: string): RunningProcess[] {
  const wanted = `${name}=${value}`;
  return pids().flatMap((pid) => {
    if (pid === process.pid || !readProc(`${pid}/environ`)?.split("\0").includes(wanted)) return [];
    const stat = readProc(`${pid}/stat`);
    if (stat === null || !exists(pid)) return [];
    const processName = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    return [{ pid, name: processName, parent: Number(fieldsAfterName(stat)[1]) }];
  });
}

/** Variable by which the children of one run are known, however far they stray. Set while a site's lock is held. */
export const runVariable = "EVENKEEL_RUN";

/**
 * Ends what a run that is dead left behind: its Pulumi CLI is asked to finish its step first (`finishMs`), the rest is
 * told to end, and what still lives after 3 s is killed. Returns how many there were.
 */
export async function endLeftovers(find: () => RunningProcess[], finishMs = 30_000): Promise<number> {
  const all = find();
  if (all.length === 0) return 0;
  const engines = () => find().filter(({ name }) => name === "pulumi");
  signalAll(engines(), "SIGINT");
  await until(() => engines().length === 0, finishMs);
  signalAll(find(), "SIGTERM");
  await until(() => find().length === 0, 3000);
  signalAll(find(), "SIGKILL");
  await until(() => find().length === 0, 3000);
  return all.length;
}

function signalAll(processes: readonly RunningProcess[], signal: NodeJS.Signals): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}

async function until(done: () => boolean, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!done() && Date.now() < deadline) await delay(100);
}
