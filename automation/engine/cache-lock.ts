import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { exitCodes, UserError } from "../errors.ts";

/** Who holds a lock: a process, told apart from a later one with the same number by boot and start time. */
export interface LockHolder {
  pid: number;
  bootId: string;
  /** Field 22 of /proc/PID/stat: clock ticks since boot. */
  startTicks: string;
  since: string;
}

export interface CacheLockOptions {
  file: string;
  /** What the holder does, for the sentence when waiting was in vain. */
  purpose: string;
  timeoutMs: number;
  signal?: AbortSignal;
  /** Called once when somebody else holds the lock. */
  onWait?: (holder: LockHolder) => void;
}

const pollMs = 200;

/**
 * Runs `work` while holding a lock file. Waits at most `timeoutMs` for another holder; a holder that is provably dead
 * is replaced. Throws UserError (exit code 13) when the wait is over.
 */
export async function withCacheLock<T>(options: CacheLockOptions, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
  const self = await describeSelf();
  const deadline = Date.now() + options.timeoutMs;
  let told = false;
  while (!(await take(options.file, self))) {
    const text = await readFile(options.file, "utf8").catch(() => null);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder === null || !(await isAlive(holder))) {
      await dropStale(options.file, text);
      continue;
    }
    if (!told) options.onWait?.(holder);
    told = true;
    if (Date.now() >= deadline) throw stillLocked(options, holder);
    await delay(pollMs, undefined, { signal: options.signal });
  }
  try {
    return await work();
  } finally {
    await rm(options.file, { force: true });
  }
}

function stillLocked(options: CacheLockOptions, holder: LockHolder): UserError {
  return new UserError({
    what: `another set-up (process ${holder.pid}, since ${holder.since}) still holds ${options.purpose}`,
    next: `wait for it, or end process ${holder.pid}; then run the command again`,
    exitCode: exitCodes.locked,
    code: "set-up-locked",
  });
}

/** Written beside and linked into place: a lock file is there whole or not at all. */
async function take(file: string, holder: LockHolder): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/**
 * Takes a dead holder's file away. Two may try at once: whoever finds that it moved somebody's fresh lock instead
 * puts it back.
 */
async function dropStale(file: string, judged: string): Promise<void> {
  const moved = `${file}.${randomUUID()}`;
  try {
    await rename(file, moved);
  } catch {
    return;
  }
  const text = await readFile(moved, "utf8").catch(() => judged);
  if (text !== judged) await link(moved, file).catch(() => undefined);
  await rm(moved, { force: true });
}

function parseHolder(text: string): LockHolder | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return null;
    const { pid, bootId, startTicks, since } = value as Partial<LockHolder>;
    if (!Number.isInteger(pid) || typeof bootId !== "string" || typeof startTicks !== "string") return null;
    return { pid: pid as number, bootId, startTicks, since: String(since) };
  } catch {
    return null;
  }
}

async function isAlive(holder: LockHolder): Promise<boolean> {
  return holder.bootId === (await readBootId()) && holder.startTicks === (await readStartTicks(holder.pid));
}

async function describeSelf(): Promise<LockHolder> {
  return {
    pid: process.pid,
    bootId: await readBootId(),
    startTicks: (await readStartTicks(process.pid)) ?? "",
    since: new Date().toISOString(),
  };
}

async function readBootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "")).trim();
}

/** Null when there is no such process. The program's name is in brackets and may hold anything, so read behind it. */
async function readStartTicks(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  if (stat === null) return null;
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? null;
}
