import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { exitCodes, UserError } from "../errors.ts";
import { createFile, inFolder, readIfThere } from "./durable.ts";

/** Who made a thing on a provider that several clones share: the lab's Docker engine. */
export interface Clone {
  /** 32 hexadecimal digits, made once. */
  id: string;
  /** Root of the clone, for a person who looks for the other one. */
  folder: string;
}

const root = join(import.meta.dirname, "../..");

/**
 * This clone's id, `.evenkeel/clone-id`, made at the first call. components/lab/lab-host.sh reads the same file; it
 * never enters Pulumi's state. A damaged one is a usage error: a new id would make strangers of the clone's own hosts.
 */
export function thisClone(folder: string = root): Clone {
  const own = join(folder, ".evenkeel");
  const path = join(own, "clone-id");
  const known = readId(path);
  if (known !== null) return { id: known, folder };
  inFolder(folder, () => mkdirSync(own, { recursive: true, mode: 0o700 }));
  createFile(path, `${randomBytes(16).toString("hex")}\n`);
  const id = readId(path);
  if (id === null) throw new Error(`${path} vanished while it was made`);
  return { id, folder };
}

function readId(path: string): string | null {
  const text = readIfThere(path)?.trim();
  if (text === undefined) return null;
  if (/^[0-9a-f]{32}$/.test(text)) {
    inFolder(path, () => chmodSync(path, 0o600));
    return text;
  }
  throw new UserError({
    what: `this clone's id in ${path} is damaged; nothing was changed`,
    next: "write the id that docker inspect shows as the label evenkeel.clone of a host of this clone; only if it has no host, remove the file",
    exitCode: exitCodes.usage,
  });
}

/** Whether a thing with this value of the label `evenkeel.clone` belongs to `clone`. One without the label does not. */
export function isOwn(label: string, clone: Clone): boolean {
  return label === clone.id;
}
