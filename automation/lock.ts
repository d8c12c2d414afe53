import { mkdirSync, rmSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { exitCodes, UserError } from "./errors.ts";
import { jsonDocument } from "./output.ts";
import { liveness, ownIdentity, processIdentity, thisHost } from "./processes.ts";
import { createFile, inFolder, readIfThere, replaceFile } from "./site/durable.ts";
import { siteFlag } from "./site.ts";

export const lockSchema = processIdentity.extend({
  run: z.string(),
  who: z.string(),
  command: z.string(),
  at: z.string(),
});

/** Who holds the operator's lock of a site. `at` is UTC. */
export type LockRecord = z.infer<typeof lockSchema>;

export interface SiteLock {
  record: LockRecord;
  /** The dead holder that this lock was taken over from, whose leftovers are to be ended. */
  tookOverFrom: LockRecord | null;
  release(): void;
}

export function lockFile(stateDirectory: string): string {
  return join(stateDirectory, "lock.json");
}

/** The record of this process, for this machine's lock and for the one in etcd. */
export function ownRecord({ run, command }: { run: string; command: string }): LockRecord {
  return { run, ...ownIdentity(), who: userName(), command, at: new Date().toISOString() };
}

/**
 * Takes the operator's lock of a site, or refuses with exit code 13 and the holder's name. A holder is set aside only
 * when it is proved dead on this host (pid, start time and boot id); one on another host, or in a container, is never
 * touched.
 */
export function takeLock(options: {
  site: string;
  stateDirectory: string;
  run: string;
  command: string;
}): SiteLock {
  const path = lockFile(options.stateDirectory);
  const record = ownRecord(options);
  const text = jsonDocument(record);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    // Each time: a destroy that ends just now takes the folder away with its lock.
    inFolder(options.stateDirectory, () =>
      mkdirSync(options.stateDirectory, { recursive: true, mode: 0o700 }),
    );
    if (createFile(path, text)) return held(path, record, null);
    const holder = readLock(path);
    if (holder === null) continue;
    if (liveness(holder, thisHost()) !== "dead") throw locked(options.site, holder, path);
    const dead = takeOver(options.site, path, record, holder);
    if (dead) return held(path, record, holder);
  }
  throw new Error(`the lock ${path} could neither be taken nor read`);
}

/**
 * Two processes may find the same dead holder. The file `lock.json.<its run>` decides: only one can create it, and
 * whoever comes later finds either that file or another holder in the lock itself.
 */
function takeOver(site: string, path: string, record: LockRecord, holder: LockRecord): boolean {
  const claims = claim(site, path, record, holder);
  try {
    if (claims.length === 0 || readLock(path)?.run !== holder.run) return false;
    replaceFile(path, jsonDocument(record));
    return true;
  } finally {
    for (const file of claims) rmSync(file, { force: true });
  }
}

/**
 * The files of a claim that is ours, empty where another's came and went meanwhile. One whose claimant died with it is
 * claimed in turn, by `lock.json.<the holder's run>.<the claimant's>`: taken away, it might be a living one's by then.
 */
function claim(site: string, path: string, record: LockRecord, holder: LockRecord): string[] {
  const files = [`${path}.${holder.run}`];
  for (let file = files[0] as string; !createFile(file, jsonDocument(record)); files.push(file)) {
    const claimant = readLock(file);
    if (claimant === null) return [];
    if (liveness(claimant, thisHost()) !== "dead") throw locked(site, claimant, path);
    file = `${file}.${claimant.run}`;
  }
  return files;
}

function held(path: string, record: LockRecord, tookOverFrom: LockRecord | null): SiteLock {
  const release = () => {
    if (readLock(path)?.run === record.run) rmSync(path, { force: true });
  };
  return { record, tookOverFrom, release };
}

/** The lock's record, or null where there is no lock. A file that holds none is refused: no crash of ours leaves one. */
export function readLock(path: string): LockRecord | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return lockSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UserError({
      what: `the lock file ${path} is damaged, so nobody can tell who holds the site`,
      next: `make sure that no other evenkeel command runs, remove ${path} and run the command again`,
      exitCode: exitCodes.locked,
      cause,
    });
  }
}

/** Who, what, which process, where and since when: all that a person needs to go and look. */
export function describeHolder({ who, command, pid, host, at }: LockRecord): string {
  return `${who} (${command}, pid ${pid} on ${host}, since ${at})`;
}

/** Removes the lock of a holder on another host, if it is still that one's. A person has said that it is gone. */
export function releaseElsewhere(path: string, holder: LockRecord): void {
  if (readLock(path)?.run === holder.run) rmSync(path, { force: true });
}

function locked(site: string, holder: LockRecord, path: string): UserError {
  const elsewhere =
    liveness(holder, thisHost()) === "unknown"
      ? ` It can't be looked at from here; where it is gone for good: npx evenkeel unlock${siteFlag(site)}`
      : "";
  return new UserError({
    what: `the site is locked by ${describeHolder(holder)}`,
    why: `a lock is never taken from one that may be alive; it lies in ${path}`,
    next: `wait until that command ends, then run this one again.${elsewhere}`,
    exitCode: exitCodes.locked,
    code: "locked",
  });
}

/** Who this process works for; by number where the machine has no name for it. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? "unknown"}`;
  }
}
