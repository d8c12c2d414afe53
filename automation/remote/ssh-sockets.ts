import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { lstat, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { UserError } from "../errors.ts";
import { inFolder } from "../site/durable.ts";

/**
 * A new 0700 folder of this process, below one 0700 folder of this user in the machine's folder for temporary
 * files. Short, because a socket's path holds about 100 bytes; named by process, so that no two sessions meet and
 * what a killed process left is known and swept away here. Its masters end by themselves after a minute without use.
 */
export async function privateDirectory(): Promise<string> {
  const root = path.join(os.tmpdir(), `evenkeel-${os.userInfo().uid}`);
  inFolder(root, () => mkdirSync(root, { recursive: true, mode: 0o700 }));
  await refuseForeign(root);
  await sweep(root);
  const directory = path.join(root, `${process.pid}-${randomBytes(3).toString("hex")}`);
  await mkdir(directory, { mode: 0o700 });
  return directory;
}

/** A 0600 file, whole or not at all: another session may be reading it. */
export async function writePrivate(file: string, text: string): Promise<void> {
  const next = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  await writeFile(next, text, { mode: 0o600, flag: "wx" });
  await rename(next, file);
}

/** In a folder that everybody may write, another user could have made ours first and would own our sockets. */
async function refuseForeign(root: string): Promise<void> {
  const facts = await lstat(root);
  if (!facts.isDirectory() || facts.uid !== os.userInfo().uid || (facts.mode & 0o077) !== 0) {
    throw new UserError({
      what: `${root} is not a folder of this user alone, so no control socket is put there.`,
      next: `Remove it, or set TMPDIR to a folder of your own: rm -r ${root}`,
    });
  }
}

async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const pid = Number(/^(\d+)-/.exec(name)?.[1]);
    if (Number.isInteger(pid) && pid > 0 && !isAlive(pid)) {
      await rm(path.join(root, name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive as well.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
