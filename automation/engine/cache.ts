import { randomUUID } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import {
  access,
  chmod,
  constants,
  mkdir,
  readdir,
  readlink,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { inFolder } from "../site/durable.ts";
import { withCacheLock } from "./cache-lock.ts";

/** The clone's root: where package.json lies. */
export const cloneRoot = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Builds and downloads shared by all clones of this user: `${XDG_CACHE_HOME:-~/.cache}/evenkeel`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env.XDG_CACHE_HOME;
  // The XDG specification: a relative path there is to be ignored.
  return join(base?.startsWith("/") ? base : join(homedir(), ".cache"), "evenkeel");
}

/** Everything of this clone that git ignores. */
export function ownFolder(home: string): string {
  return join(home, ".evenkeel");
}

/** This clone's PULUMI_HOME: symlinks into the cache, or to what was found on the machine. */
export function pulumiHomeFolder(home: string): string {
  return join(ownFolder(home), "pulumi");
}

/** `.evenkeel/` and what lies in it is for its owner only; it holds keys and state. */
export function makeOwnFolders(home: string): void {
  const own = ownFolder(home);
  inFolder(own, () => {
    for (const folder of [own, pulumiHomeFolder(home), join(own, "state")])
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(own, 0o700);
  });
}

export interface CachedItem {
  cache: string;
  /** Folder below the cache, e.g. `pulumi/3.259.0-built`. Holds the version: an item never changes once it is there. */
  name: string;
  /** How long to wait for another process that makes something in the cache. */
  lockTimeoutMs: number;
  signal?: AbortSignal;
  onWait?: () => void;
  /** Fills an empty folder. Throwing leaves nothing behind. */
  make: (folder: string) => Promise<void>;
}

/** The folder of an item that is in the cache, else null. */
export async function cachedFolder(cache: string, name: string): Promise<string | null> {
  const folder = join(cache, name);
  return (await isThere(folder)) ? folder : null;
}

/**
 * Makes an item unless it is there: in a scratch folder beside it, moved into place when complete, so that a half-made
 * item can never be taken for a whole one. One process at a time makes an item; others wait and then find it.
 */
export async function makeInCache(item: CachedItem): Promise<{ folder: string; made: boolean }> {
  const folder = join(item.cache, item.name);
  if (await isThere(folder)) return { folder, made: false };
  const key = item.name.replaceAll("/", "_");
  const scratchParent = join(item.cache, "making", key);
  const lock = {
    file: join(item.cache, "locks", key),
    purpose: `the making of ${item.name}`,
    timeoutMs: item.lockTimeoutMs,
    signal: item.signal,
    onWait: item.onWait,
  };
  return await withCacheLock(lock, async () => {
    if (await isThere(folder)) return { folder, made: false };
    // Whatever lies here was left by a maker that was killed: the lock is ours.
    await rm(scratchParent, { recursive: true, force: true });
    const scratch = join(scratchParent, randomUUID());
    await mkdir(scratch, { recursive: true, mode: 0o755 });
    try {
      await item.make(scratch);
      await mkdir(dirname(folder), { recursive: true });
      await rename(scratch, folder);
    } finally {
      await rm(scratchParent, { recursive: true, force: true });
    }
    return { folder, made: true };
  });
}

/** Points `path` at `target`, atomically, whatever was there before (a folder only when it is empty or a symlink). */
export async function placeLink(path: string, target: string): Promise<void> {
  if ((await readlink(path).catch(() => null)) === target) return;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  await symlink(target, draft);
  await rename(draft, path).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { force: true });
    throw error;
  });
}

/** Writes a file atomically with the given mode. */
export async function placeFile(path: string, content: string, mode: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, content, { mode });
  await chmod(draft, mode);
  await rename(draft, path);
}

export async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

export async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** The programs of that name on PATH, first one first, symlinks resolved, npm's wrappers left out. */
export async function programsOnPath(name: string, env: NodeJS.ProcessEnv = process.env): Promise<string[]> {
  const found: string[] = [];
  for (const folder of (env.PATH ?? "").split(":")) {
    if (!folder.startsWith("/")) continue;
    const path = join(folder, name);
    if (!(await isExecutable(path))) continue;
    const real = await realpath(path);
    if (!real.includes("/node_modules/") && !found.includes(real)) found.push(real);
  }
  return found;
}

/** Removes a folder even where Go made its files read-only. */
export async function removeTree(folder: string): Promise<void> {
  if (!(await isThere(folder))) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755).catch(() => undefined);
  }
  await rm(folder, { recursive: true, force: true });
}
