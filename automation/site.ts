import { chmodSync, mkdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { ConfigError, loadSiteConfig, type SiteConfig } from "../components/config.ts";
import type { SiteSecrets } from "../components/secrets.ts";
import type { DropIn } from "./engine/drop-in.ts";
import type { KeeperNode } from "./engine/keeper-node.ts";
import type { ObjectStore } from "./engine/object-store.ts";
import type { WordpressCore } from "./engine/wordpress.ts";
import { exitCodes, UserError } from "./errors.ts";
import { defaultSite, siteFlag } from "./options.ts";
import { createFile, inFolder, isThere, namesIn, readIfThere, replaceFile } from "./site/durable.ts";
import { ensurePorts, readPorts } from "./site/ports.ts";
import { ensureSecrets, readSecretsFile } from "./site/secrets.ts";

export { siteFlag };

/** Root of this clone. */
export const home = join(import.meta.dirname, "..");

/** Where a site's things lie. */
export interface SitePlace {
  name: string;
  /** Holds Pulumi.yaml and the stack files. */
  directory: string;
  /** `.evenkeel/<site>`: secrets, ports, journal, lock (0700). */
  stateDirectory: string;
}

/** What lies in `.evenkeel` beside the sites' folders. */
const takenNames = new Set(["pulumi", "state", "tests", "doctor", "clone-id"]);

/**
 * The folders of a site: the default site's files lie at the top of the clone, every other's in sites/<name>. A site
 * that isn't there is a usage error.
 */
export function sitePlace(name: string, root = home): SitePlace {
  checkSiteName(name);
  const directory = name === defaultSite ? root : join(root, "sites", name);
  if (!isThere(join(directory, "Pulumi.yaml"))) {
    throw usage(`there is no site ${name}`, `${join(directory, "Pulumi.yaml")} does not exist`);
  }
  return { name, directory, stateDirectory: join(root, ".evenkeel", name) };
}

/** Throws a usage error for what can't name a site: its folders and every host's name are made of it. */
export function checkSiteName(name: string): void {
  if (/^[a-z][a-z0-9-]{0,30}$/.test(name) && !takenNames.has(name)) return;
  throw usage(
    `${JSON.stringify(name)} is no site name`,
    `lower-case letters, digits and dashes; ${[...takenNames].join(", ")} are taken`,
  );
}

/** The checked configuration of a site. All problems are named at once, before anything is touched. */
export function siteConfig(place: SitePlace): SiteConfig {
  const config = loadOrExplain(place);
  if (config.site === place.name) return config;
  throw usage(
    `Pulumi.yaml of the site ${place.name} names the project ${config.site}`,
    "both names must be the same",
  );
}

function loadOrExplain(place: SitePlace): SiteConfig {
  try {
    return loadSiteConfig(place.directory);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new UserError({
      what: `the configuration of the site ${place.name} has ${error.problems.length} problem(s)`,
      why: error.problems.join("\n"),
      next: `mend the files in ${place.directory} and run the command again`,
      exitCode: exitCodes.usage,
      cause: error,
    });
  }
}

/** Makes the site's folder, for this user alone. */
export function ensureSiteDirectory(place: SitePlace): void {
  inFolder(place.stateDirectory, () => {
    mkdirSync(place.stateDirectory, { recursive: true, mode: 0o700 });
    chmodSync(place.stateDirectory, 0o700);
  });
}

/** Empties the site's folder but for the lock's own file, which its holder releases last. */
export function emptySiteDirectory(place: SitePlace, lock: string): void {
  for (const name of namesIn(place.stateDirectory)) {
    const file = join(place.stateDirectory, name);
    if (name !== basename(lock)) inFolder(file, () => rmSync(file, { recursive: true, force: true }));
  }
}

/** Why a folder stays that can't be removed: a new holder has it, it is gone, or it is a mount point or a link. */
const staying = new Set(["ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY", "ENOTDIR"]);

/** Removes the site's folder where it is empty and this program's own. */
export function removeEmptySiteDirectory(place: SitePlace): void {
  inFolder(dirname(place.stateDirectory), () => {
    try {
      rmdirSync(place.stateDirectory);
    } catch (error) {
      if (!staying.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  });
}

/** What set-up put on this machine for hosts to take. */
export interface SiteParts {
  wordpressCore: WordpressCore | null;
  objectStore: ObjectStore | null;
  keeperNode: KeeperNode | null;
  dropIn: DropIn | null;
}

/** Secrets, ports and the choice of parts, made once: what is there stays, what is missing is added. */
export async function ensureSiteFiles(
  place: SitePlace,
  config: SiteConfig,
  { wordpressCore: core, objectStore: store, keeperNode: node, dropIn }: SiteParts,
): Promise<SiteSecrets> {
  ensureSiteDirectory(place);
  checkSiteFiles(place, config);
  const secrets = await ensureSecrets(secretsFile(place), config);
  if (config.provider === "lab") await ensurePorts(place.stateDirectory, config.regions);
  decideOnce(
    place,
    "core.json",
    core && { version: core.version, sha256: core.sha256, localPath: core.path },
  );
  if (store !== null) decideOnce(place, "store.json", { sha256: store.sha256, localPath: store.path });
  // No choice: what the keeper runs with comes and goes with this program.
  if (node !== null) {
    const text = `${JSON.stringify({ version: node.version, sha256: node.sha256, localPath: node.path })}\n`;
    const file = join(place.stateDirectory, "keeper-node.json");
    if (readIfThere(file) !== text) replaceFile(file, text);
  }
  // One that could not be had before may still come; one that is there stays.
  if (dropIn !== null) {
    const { version, treeHash, path } = dropIn;
    decideOnce(place, "drop-in.json", { version, treeHash, localPath: path });
  }
  return secrets;
}

const programSchema = z.object({ sha256: z.string(), localPath: z.string() });
/** The files that hold a choice, what it is of, and their shapes. */
const choices = {
  "core.json": {
    of: "WordPress",
    hosts: "web",
    schema: programSchema.extend({ version: z.string() }).nullable(),
  },
  "store.json": { of: "the object store's program", hosts: "store", schema: programSchema },
  "drop-in.json": {
    of: "PG4WP",
    hosts: "web",
    schema: z.object({ version: z.string(), treeHash: z.string(), localPath: z.string() }),
  },
} as const;

/** Refuses damaged site files (exit 2) before anything is made or read by them. Missing ones are no damage. */
export function checkSiteFiles(place: SitePlace, config: Pick<SiteConfig, "provider">): void {
  if (config.provider === "lab") readPorts(portsFile(place));
  for (const name of Object.keys(choices)) checkChoice(place, name as keyof typeof choices);
}

function checkChoice(place: SitePlace, name: keyof typeof choices): void {
  const path = join(place.stateDirectory, name);
  const { of, hosts, schema } = choices[name];
  const text = readIfThere(path);
  if (text === null) return;
  try {
    schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new UserError({
      what: `the site's choice of ${of} in ${path} is damaged; nothing was changed`,
      next: `restore the file from a copy; without one, remove it and run npx evenkeel env${siteFlag(place.name)}: the choice is made anew, and another one changes the ${hosts} hosts`,
      exitCode: exitCodes.usage,
      code: `${name.replace(".json", "")}-damaged`,
      cause,
    });
  }
}

/** What the site's hosts take is decided once: an archive that turns up later changes no running host. */
function decideOnce(place: SitePlace, name: keyof typeof choices, choice: object | null): void {
  createFile(join(place.stateDirectory, name), `${JSON.stringify(choice)}\n`);
}

export function secretsFile(place: SitePlace): string {
  return join(place.stateDirectory, "secrets.json");
}

export function portsFile(place: SitePlace): string {
  return join(place.stateDirectory, "ports.json");
}

export function journalFile(place: SitePlace): string {
  return join(place.stateDirectory, "journal.jsonl");
}

/** The secrets of a site that was set up; a usage error where it never was. */
export function readSiteSecrets(place: SitePlace): SiteSecrets {
  const secrets = readSecretsFile(secretsFile(place));
  if (secrets !== null) return secrets;
  throw notBuilt(place.name);
}

/** The error of commands that need a site that was rolled out. */
export function notBuilt(site: string): UserError {
  return new UserError({
    what: `the site ${site} is not built yet`,
    next: `npx evenkeel provision${siteFlag(site)}`,
    exitCode: exitCodes.refused,
    code: "not-built",
  });
}

function usage(what: string, why: string): UserError {
  return new UserError({ what, why, next: "npx evenkeel --help", exitCode: exitCodes.usage });
}
