import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { readIfThere, replaceFile } from "../site/durable.ts";
import { home, type SitePlace } from "../site.ts";
import { type Deployment, pendingOperations, resourcesOf } from "../stacks/state.ts";
import { type NamedState, stackNames } from "../stacks.ts";
import { say } from "../terminal.ts";
import { missingUrns } from "./machines.ts";
import type { Session } from "./session.ts";

/**
 * What an update would do follows from the program, its settings and the stacks' states: commands have no read, so
 * Pulumi never looks at a host (decision 6). A rollout notes a digest of what it began with and of the states that it
 * left; while both still hold, Pulumi has nothing to do. The note is only ever a reason to do less: without it, and
 * wherever it can't be read or made, everything is compared.
 */

/** What a program's wishes are made of, below the clone; the stand-in's folder decides what counts as a change. */
const programParts = [
  "index.ts",
  "components",
  "automation/keeper",
  "automation/engine/plugin",
  "package.json",
  "package-lock.json",
];
/** … and below the site's own folder. */
const siteParts = ["secrets.json", "ports.json"];
/** Choices of an archive that hosts get a copy of. */
const choices = ["core.json", "store.json", "drop-in.json", "keeper-node.json"];

/** SHA-256 over all that the program wants and reads. Hexadecimal. Throws what the file system throws. */
export function wishesDigest(place: SitePlace, stacks: readonly string[], root = home): string {
  const hash = createHash("sha256");
  const add = (name: string, content: string | Buffer | null) =>
    hash.update(`${name}\0${content === null ? "-" : content.length}\0`).update(content ?? "");
  for (const file of programParts.flatMap((part) => filesBelow(join(root, part))))
    add(relative(root, file), readFileSync(file));
  for (const name of ["Pulumi.yaml", ...stacks.map((stack) => `Pulumi.${stack}.yaml`)])
    add(name, readIfThere(join(place.directory, name)));
  for (const name of [...siteParts, ...choices]) add(name, readIfThere(join(place.stateDirectory, name)));
  for (const name of choices) add(`archive of ${name}`, archiveOf(join(place.stateDirectory, name)));
  add("plugin", process.env.PULUMI_COMMAND_PLUGIN ?? null);
  return hash.digest("hex");
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { encoding: "utf8", recursive: true })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile())
    .sort();
}

/** Size and time of the archive that a choice names: reading tens of megabytes would take longer than all the rest. */
function archiveOf(choice: string): string | null {
  const path = (JSON.parse(readIfThere(choice) ?? "null") as { localPath: string } | null)?.localPath;
  const found = path === undefined ? undefined : statSync(path, { throwIfNoEntry: false });
  return found === undefined ? null : `${found.size} ${found.mtimeMs}`;
}

/** The note's text: what was wanted, and what the stacks hold. Null where an operation is still pending in one. */
function noteText(wishes: string, states: readonly NamedState[]): string | null {
  if (states.some(({ state }) => pendingOperations(state) > 0)) return null;
  const hash = createHash("sha256").update(wishes);
  for (const { name, state } of states) hash.update(`\0${name}\0${JSON.stringify(resourcesOf(state))}`);
  return `${hash.digest("hex")}\n`;
}

function noteOf(place: SitePlace): string {
  return join(place.stateDirectory, "rolled-out.sha256");
}

/** Whether nothing changed since the last whole rollout, and no machine of it is gone. */
export async function isRolledOut({ place, config, stacks }: Session): Promise<boolean> {
  const states = stacks.savedStates();
  if (states === null || !isNoted(place, states)) return false;
  if (config.provider !== "lab") return true;
  const missing = await Promise.all(states.map(({ state }) => missingUrns(config.site, state)));
  return missing.flat().length === 0;
}

function isNoted(place: SitePlace, states: readonly NamedState[]): boolean {
  try {
    const noted = readIfThere(noteOf(place));
    const names = states.map(({ name }) => name);
    return noted !== null && noted === noteText(wishesDigest(place, names), states);
  } catch {
    // A file that went away meanwhile, or can't be read: then Pulumi says what is wrong with it.
    return false;
  }
}

/** Takes the note away: from here on a stack may be half done. */
export function forgetRollout({ place }: Pick<Session, "place">): void {
  rmSync(noteOf(place), { force: true });
}

/** A rollout under way. */
export interface Rollout {
  /** To be called as soon as a stack's update has ended: the state that is noted is the one that it left. */
  ended(stack: string): void;
  /** Notes the rollout, once all stacks have ended. Nothing is noted where the states lie in no file backend. */
  note(): void;
}

/** To be called before the first update: what is changed from here on was perhaps not rolled out. */
export function beginRollout({ place, config, stacks }: Session): Rollout {
  forgetRollout({ place });
  const names = stackNames(config);
  const wishes = orNull(() => wishesDigest(place, names));
  const left = new Map<string, Deployment>();
  return {
    ended(stack) {
      const state = stacks.savedStates()?.find(({ name }) => name === stack)?.state;
      if (state !== undefined) left.set(stack, state);
    },
    note() {
      const states = [...left].map(([name, state]) => ({ name, state }));
      states.sort((one, other) => names.indexOf(one.name) - names.indexOf(other.name));
      const text = wishes === null || states.length < names.length ? null : noteText(wishes, states);
      if (text === null) return;
      if (orNull(() => replaceFile(noteOf(place), text) ?? true) === null)
        say(`This rollout could not be noted in ${place.stateDirectory}: the next one compares everything.`);
    },
  };
}

/** Null where a file can't be read or written: nothing is noted then, and Pulumi says what is wrong with it. */
function orNull<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
