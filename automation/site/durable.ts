import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { UserError } from "../errors.ts";

/**
 * Writes a file (0600) so that after a crash it is the old one or the new one, never a part. A folder that takes no
 * file (full, read-only, not ours) is a UserError that names it, and the old file stays.
 */
export function replaceFile(path: string, text: string): void {
  inFolder(dirname(path), () => {
    const temporary = writeTemporary(path, text);
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

const folderProblems: Record<string, string> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the largest allowed file size is reached",
  EROFS: "it is mounted read-only",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
};

/** Runs `work`, which writes in `folder`; the system's refusal becomes a UserError with the folder's name. */
export function inFolder<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    const why = folderProblems[(cause as NodeJS.ErrnoException).code ?? ""];
    if (why === undefined) throw cause;
    throw new UserError({
      what: `nothing can be written in ${folder}`,
      why: `${why} (${(cause as Error).message})`,
      next: "mend that and run the command again: the files there are as they were",
      code: "not-writable",
      cause,
    });
  }
}

function writeTemporary(path: string, text: string): string {
  const temporary = `${path}.${process.pid}.new`;
  const file = openSync(temporary, "w", 0o600);
  try {
    try {
      // Not writeSync: on a disk that fills up it writes a part, says so by its result only, and throws nothing.
      writeFileSync(file, text);
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

/** The text of a file, null where there is none. Any other failure is thrown: a file that can't be read is not absent. */
export function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
