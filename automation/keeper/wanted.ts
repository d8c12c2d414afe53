import { existsSync, readFileSync, statSync } from "node:fs";
import type { Wanted } from "./state.ts";

/** One line "EPOCH UNTIL", the latter in milliseconds since boot: `evenkeel-db promote` writes it, and takes it away. */
const file = "/run/evenkeel-db-wanted";

/** Null where none is wanted. What can't be read is no wish. */
export function readWanted(): Wanted | null {
  // Asked ten times a second, and mostly absent: an error each time would cost more than the file.
  if (!existsSync(file)) return null;
  try {
    const [, epoch, untilMs] = /^(\d{1,10}) (\d{1,15})\n$/.exec(readFileSync(file, "utf8")) ?? [];
    return epoch === undefined || untilMs === undefined
      ? null
      : { epoch: Number(epoch), untilMs: Number(untilMs) };
  } catch {
    return null;
  }
}

/** Another text each time the file was replaced; "" while there is none. */
export function stampOf(path: string): string {
  const status = statSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? "" : `${status.ino} ${status.mtimeNs}`;
}
