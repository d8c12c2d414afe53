import { basename, join } from "node:path";
import { z } from "zod";
import { exitCodes, UserError } from "../errors.ts";
import type { Grant } from "../failover/granted.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { siteFlag } from "../options.ts";
import { readIfThere, replaceFile } from "./durable.ts";

/**
 * The newest writer that a command of this clone saw. A region lost as a whole takes its epoch with it, and the next
 * host made there knows nothing: until etcd keeps epochs, this note is what remembers (writer.md, W1 and W7).
 */
const noteSchema = z.strictObject({ region: z.string(), epoch: z.int().min(1) });

const noteName = "writer.json";

/** Null where none was seen yet. Throws a usage error (2) where the note is damaged: nobody may guess what it said. */
export function seenWriter(stateDirectory: string): Grant | null {
  const path = join(stateDirectory, noteName);
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    const { region, epoch } = noteSchema.parse(JSON.parse(text));
    return { region, epoch, host: "this clone" };
  } catch (cause) {
    throw new UserError({
      what: `the note of the newest writer in ${path} is damaged`,
      // No command reads past a damaged note: it must be out of the way before a look tells anything.
      next: `restore it from a copy; without one, move it away, look at every database (npx evenkeel status${siteFlag(basename(stateDirectory))}), and go on when none is missing`,
      exitCode: exitCodes.usage,
      code: "writer-note-damaged",
      cause,
    });
  }
}

/** Notes the newest region that accepts writes, where it is newer than what is noted. Returns what is noted then. */
export function noteWriter(
  stateDirectory: string,
  regions: readonly { name: string; facts: Pick<DatabaseFacts, "role" | "writable" | "epoch"> | null }[],
): Grant | null {
  const known = seenWriter(stateDirectory);
  const writing = regions.flatMap(({ name, facts }) =>
    facts?.role === "active" && facts.writable === true ? [{ region: name, epoch: facts.epoch }] : [],
  );
  const [newest] = writing.sort((one, other) => other.epoch - one.epoch);
  if (newest === undefined || newest.epoch <= (known?.epoch ?? 0)) return known;
  replaceFile(join(stateDirectory, noteName), `${JSON.stringify(newest)}\n`);
  return { ...newest, host: "this clone" };
}
