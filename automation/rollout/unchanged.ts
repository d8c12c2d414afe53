import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { readIfThere, replaceFile } from "../site/durable.ts";
import { home, type SitePlace } from "../site.ts";
import { type Deployment, pendingOperations, resourcesOf } from "../stacks/state.ts";
import { missingUrns } from "./machines.ts";
import type { Session } from "./session.ts";

/**
 * What an update would do follows from the program, its settings and the stack's state alone: commands have no read, so
 * Pulumi never looks at a host (decision 6). A rollout notes a digest of all three at its end; while it still holds,
 * Pulumi has nothing to do. The note is only ever a reason to do less: without it, everything is compared.
 */

/** What a program's wishes are made of, below the clone. */
const programParts = ["index.ts", "components", "package.json", "package-lock.json"];
/** … and below the site's own folder. */
const siteParts = ["secrets.json", "ports.json"];
/** Choices of an archive that hosts get a copy of. */
const choices = ["core.json", "store.json"];

export interface Digested {
  place: SitePlace;
  /** The site's stacks, each with its state. */
  states: readonly { name: string; state: Deployment }[];
}

/** SHA-256 over all that decides what an update would do. Hexadecimal. */
export function rolloutDigest({ place, states }: Digested, root = home): string {
  const hash = createHash("sha256");
  const add = (name: string, content: string | Buffer | null) =>
    hash.update(`${name}\0${content === null ? "-" : content.length}\0`).update(content ?? "");
  for (const file of programParts.flatMap((part) => filesBelow(join(root, part))))
    add(relative(root, file), readFileSync(file));
  for (const name of ["Pulumi.yaml", ...states.map((stack) => `Pulumi.${stack.name}.yaml`)])
    add(name, readIfThere(join(place.directory, name)));
  for (const name of [...siteParts, ...choices]) add(name, readIfThere(join(place.stateDirectory, name)));
  for (const name of choices) add(`archive of ${name}`, archiveOf(join(place.stateDirectory, name)));
  for (const { name, state } of states)
    add(`state of ${name}`, JSON.stringify([resourcesOf(state), pendingOperations(state)]));
  return hash.digest("hex");
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Size and time of the archive that a choice names: reading tens of megabytes would take longer than all the rest. */
function archiveOf(choice: string): string | null {
  const path = (JSON.parse(readIfThere(choice) ?? "null") as { localPath: string } | null)?.localPath;
  const found = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.size} ${found.mtimeMs}`;
}

function noteOf(place: SitePlace): string {
  return join(place.stateDirectory, "rolled-out.sha256");
}

/** Whether nothing changed since the last whole rollout, and no machine of it is gone. */
export async function isRolledOut({ place, config, stacks }: Session): Promise<boolean> {
  const noted = readIfThere(noteOf(place));
  const states = stacks.savedStates();
  if (noted === null || states === null) return false;
  if (noted.trim() !== rolloutDigest({ place, states })) return false;
  if (config.provider !== "lab") return true;
  const missing = await Promise.all(states.map(({ state }) => missingUrns(config.site, state)));
  return missing.flat().length === 0;
}

/** Notes that all stacks are now as the program wants them. Nothing is noted where the state lies elsewhere. */
export function noteRollout({ place, stacks }: Session): void {
  const states = stacks.savedStates();
  if (states !== null) replaceFile(noteOf(place), `${rolloutDigest({ place, states })}\n`);
}

/** Takes the note away: from here on a stack may be half done. */
export function forgetRollout({ place }: Pick<Session, "place">): void {
  rmSync(noteOf(place), { force: true });
}
