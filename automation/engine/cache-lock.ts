import { randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { exitCodes, UserError } from "../errors.ts";
import { liveness, ownIdentity, processIdentity, thisHost } from "../processes.ts";

const holderSchema = processIdentity.extend({ since: z.string() });

/** Who holds a lock, and since when (UTC). */
export type LockHolder = z.infer<typeof holderSchema>;

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
  const self: LockHolder = { ...ownIdentity(), since: new Date().toISOString() };
  const deadline = Date.now() + options.timeoutMs;
  let told = false;
  while (!(await take(options.file, self))) {
    const text = await readFile(options.file, "utf8").catch(() => null);
    if (text === null) continue;
    const holder = parseHolder(text);
    if (holder === null || liveness(holder, thisHost()) === "dead") {
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
  const end =
    liveness(holder, thisHost()) === "alive"
      ? `end process ${holder.pid}`
      : `where it is gone for good, remove ${options.file}`;
  return new UserError({
    what: `another set-up (process ${holder.pid} on ${holder.host}, since ${holder.since}) still holds ${options.purpose}`,
    next: `wait for it, or ${end}; then run the command again`,
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
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
