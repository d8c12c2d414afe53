import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { UserError } from "../errors.ts";
import { quote } from "../remote/shell.ts";

/**
 * Writes a file (0600 where no mode is given) so that after a crash it is the old one or the new one, never a part. A folder that takes no
 * file (full, read-only, not ours) is a UserError that names it, and the old file stays.
 */
export function replaceFile(path: string, text: string, mode = 0o600): void {
  inFolder(dirname(path), () => {
    const temporary = writeTemporary(path, text, mode);
    try {
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncDirectory(dirname(path));
  });
}

/** The same for a file that must not exist yet. Returns false, writing nothing, where there is one. */
export function createFile(path: string, text: string): boolean {
  return inFolder(dirname(path), () => {
    const temporary = writeTemporary(path, text);
    try {
      linkSync(temporary, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      rmSync(temporary, { force: true });
    }
    syncDirectory(dirname(path));
    return true;
  });
}

/** What the file system refuses and a person can mend: why, and how. `path` is what the command wanted. */
const problems: Record<string, { why: string; fix: (path: string) => string }> = {
  ENOSPC: { why: "the disk is full", fix: () => "make room" },
  EDQUOT: { why: "the disk quota is used up", fix: () => "make room" },
  EFBIG: { why: "the largest allowed file size is reached", fix: () => "raise it (ulimit -f)" },
  EROFS: { why: "it is mounted read-only", fix: () => "mount it writable" },
  EACCES: { why: "it is not for this user", fix: giveAway },
  EPERM: { why: "it is not for this user", fix: giveAway },
  ENOENT: { why: "the folder is missing", fix: (path) => `make ${path}` },
  EISDIR: { why: "a folder lies where a file is due", fix: (path) => `move the folder ${path} away` },
  ENOTDIR: {
    why: "a file lies where a folder is due",
    fix: (path) => `move the file ${outermost(path)} away`,
  },
  EEXIST: {
    why: "a file lies where a folder is due",
    fix: (path) => `move the file ${outermost(path)} away`,
  },
  ENOTEMPTY: { why: "another program puts files there", fix: (path) => `end what writes in ${path}` },
  EBUSY: { why: "it is a mount point, or in use", fix: (path) => `unmount ${path}, or end what uses it` },
  ELOOP: { why: "a link there leads back to itself", fix: (path) => `remove the link ${outermost(path)}` },
  EIO: { why: "the disk fails", fix: () => "mend the disk" },
};

/** A first command with sudo leaves folders that only root may enter. */
function giveAway(path: string): string {
  return `act as the user whose it is, or make it this user's: sudo chown -R "$(id -un)" ${quote([outermost(path)])}`;
}

/** The first part of a path that can't be entered: what lies below it can't be looked at, so the fault is its own. */
function outermost(path: string): string {
  const parent = dirname(resolve(path));
  return canEnter(parent) ? path : outermost(parent);
}

function canEnter(folder: string): boolean {
  try {
    statSync(`${folder}/.`);
    return true;
  } catch {
    return false;
  }
}

/** Runs `work`, which writes in `folder`; the system's refusal becomes a UserError with the folder's name. */
export function inFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw told(cause, folder, { what: `nothing can be written in ${folder}`, code: "not-writable" });
  }
}

/** The system's refusal as a UserError with its remedy; any other error as it is. */
function told(cause: unknown, path: string, { what, code }: { what: string; code: string }): unknown {
  const { code: refusal = "", dest } = cause as NodeJS.ErrnoException & { dest?: string };
  const problem = problems[refusal];
  if (problem === undefined) return cause;
  return new UserError({
    what,
    why: `${problem.why} (${(cause as Error).message})`,
    next: `${problem.fix(dest ?? path)}; then run the command again: the files there are as they were`,
    code,
    cause,
  });
}

function writeTemporary(path: string, text: string, mode = 0o600): string {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    try {
      // Not writeSync: on a disk that fills up it writes a part, says so by its result only, and throws nothing.
      writeFileSync(file, text);
      fchmodSync(file, mode);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return temporary;
}

function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The text of a file, null where there is none. One that can't be read is not absent: that is a UserError. */
export function readIfThere(path: string): string | null {
  return ifThere(path, () => readFileSync(path, "utf8"));
}

/** The names in a folder, none where there is no folder; a UserError where it can't be read. */
export function namesIn(folder: string): string[] {
  return ifThere(folder, () => readdirSync(folder)) ?? [];
}

/** Whether there is such a file or folder; a UserError where a folder above it can't be entered, so nobody can tell. */
export function isThere(path: string): boolean {
  return ifThere(path, () => statSync(path)) !== null;
}

function ifThere<T>(path: string, look: () => T): T | null {
  try {
    return look();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw told(cause, path, { what: `${path} can't be read`, code: "not-readable" });
  }
}
