import { randomBytes } from "node:crypto";
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { UserError } from "../errors.ts";
import { exists, ownIdentity } from "../processes.ts";
import { inFolder } from "../site/durable.ts";
import { digest } from "./ssh-files.ts";

/** The longest socket path that every system takes (sun_path, less its last zero byte): macOS has 104, Linux 108. */
const longestSocketBytes = 103;
/** What ssh binds in a session's folder: an alias's digest, behind which it puts 17 bytes of its own for a moment. */
const socketNameBytes = "/01234567.0123456789abcdef".length;

/**
 * A new 0700 folder of this process, below one 0700 folder of this user in the machine's folder for temporary
 * files, or in /tmp where that one's path is too long. Short, because a socket's path holds about 100 bytes; named by
 * where its process is seen and by its number, so that no two sessions meet and what a killed process left is known and
 * swept away here. Its masters end by themselves after a minute without use.
 */
export function privateDirectory(temporary = os.tmpdir()): string {
  const here = placeOfProcesses();
  const name = `${here}-${process.pid}-${randomBytes(3).toString("hex")}`;
  const wanted = rootIn(temporary);
  const root = holdsSockets(path.join(wanted, name)) ? wanted : rootIn("/tmp");
  const directory = path.join(root, name);
  inFolder(root, () => {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    refuseForeign(root);
    sweep(root, here);
    mkdirSync(directory, { mode: 0o700 });
  });
  return directory;
}

function rootIn(temporary: string): string {
  return path.join(temporary, `evenkeel-${os.userInfo().uid}`);
}

function holdsSockets(directory: string): boolean {
  return Buffer.byteLength(path.resolve(directory)) + socketNameBytes <= longestSocketBytes;
}

/**
 * A 0600 file, whole or not at all: another session may be reading it. A folder that takes no file is a UserError that
 * names it.
 */
export function writePrivate(file: string, text: string): void {
  const next = `${file}.${process.pid}.${randomBytes(4).toString("hex")}`;
  inFolder(path.dirname(file), () => {
    try {
      writeFileSync(next, text, { mode: 0o600, flag: "wx" });
      renameSync(next, file);
    } catch (error) {
      rmSync(next, { force: true });
      throw error;
    }
  });
}

/** In a folder that everybody may write, another user could have made ours first and would own our sockets. */
function refuseForeign(root: string): void {
  const facts = lstatSync(root);
  if (!facts.isDirectory() || facts.uid !== os.userInfo().uid || (facts.mode & 0o077) !== 0) {
    throw new UserError({
      what: `${root} is not a folder of this user alone, so no control socket is put there.`,
      next: `Remove it, or set TMPDIR to a folder of your own with a short path: rm -r ${root}`,
    });
  }
}

/** Where a process's number counts: a container that shares the folder sees other processes under the same numbers. */
function placeOfProcesses(): string {
  const { host, machineId, pidNamespace } = ownIdentity();
  return digest(JSON.stringify([host, machineId, pidNamespace]));
}

/** Another place's folders are left alone: nothing can be proved of their processes from here. */
function sweep(root: string, here: string): void {
  for (const name of readdirSync(root)) {
    const [place, pid] = name.split("-");
    if (place === here && !exists(Number(pid))) {
      rmSync(path.join(root, name), { recursive: true, force: true });
    }
  }
}
