import { readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { processesWith, type RunningProcess, runsAnywhere, seesAllProcesses } from "../processes.ts";
import { namesIn } from "../site/durable.ts";

/** A lock of Pulumi's own file backend: it has no expiry and nobody tests whether its owner lives. */
export interface BackendLock {
  file: string;
  /** Null where the file is cut off: the process died while it wrote. */
  owner: { pid: number; hostname: string; username: string; timestamp: string } | null;
}

/** The locks that now lie on a stack. */
export function backendLocks(backend: string, project: string, stack: string): BackendLock[] {
  const directory = join(backend, ".pulumi", "locks", "organization", project, stack);
  const names = namesIn(directory).filter((name) => name.endsWith(".json"));
  return names.map((name) => {
    const file = join(directory, name);
    return { file, owner: readOwner(file) };
  });
}

function readOwner(file: string): BackendLock["owner"] {
  try {
    const owner = JSON.parse(readFileSync(file, "utf8")) as NonNullable<BackendLock["owner"]>;
    return typeof owner.pid === "number" && typeof owner.hostname === "string" ? owner : null;
  } catch {
    return null;
  }
}

/**
 * Whether the owner of a lock is proved dead: on this host, and no Pulumi has its pid, also in no container here. The
 * lock names a time of day and no start time, and a clock may be set: no time tells a Pulumi that lives with this pid
 * from another one, so it counts as the owner, also after a reboot. From inside a container nothing is proved: a person has
 * to say it (`unlock`).
 */
export function isProvablyDead(lock: BackendLock, pulumiHome: string, seesAll = seesAllProcesses()): boolean {
  if (lock.owner === null) return isAbandonedFragment(lock.file, pulumiHome);
  return !isElsewhere(lock, seesAll) && !runsAnywhere("pulumi", lock.owner.pid);
}

/**
 * Whether a lock was taken by a Pulumi of which nothing can be proved from here: on another host, or, seen from inside
 * a container, perhaps outside it.
 */
export function isElsewhere({ owner }: BackendLock, seesAll = seesAllProcesses()): boolean {
  if (owner === null) return false;
  return owner.hostname !== hostname() || (!seesAll && !runsAnywhere("pulumi", owner.pid));
}

/** A cut-off lock: its writer is gone when the file is older than any write takes and no Pulumi of this home runs. */
function isAbandonedFragment(file: string, pulumiHome: string): boolean {
  const ageMs = Date.now() - statSync(file).mtimeMs;
  const running = processesWith("PULUMI_HOME", pulumiHome).filter(({ name }) => name === "pulumi");
  return ageMs > 10_000 && running.length === 0;
}

/**
 * Language hosts, plugins and scripts that outlived a Pulumi CLI which was run by hand: orphans of this Pulumi home.
 * (Those of our own runs carry the run's name in their environment.)
 */
export function orphansOf(pulumiHome: string): RunningProcess[] {
  return processesWith("PULUMI_HOME", pulumiHome).filter(
    ({ pid, parent }) => parent === 1 && isEngineChild(pid),
  );
}

function isEngineChild(pid: number): boolean {
  try {
    return /pulumi-language-|pulumi-resource-|lab-host\.sh/.test(
      readFileSync(`/proc/${pid}/cmdline`, "utf8"),
    );
  } catch {
    return false;
  }
}
