import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const portsSchema = z.record(
  z.string(),
  z.object({ ssh: z.number().int(), https: z.number().int(), dns: z.number().int().optional() }),
);

/** Ports on 127.0.0.1 by place. */
export type LabPorts = z.infer<typeof portsSchema>;

const home = join(import.meta.dirname, "../..");

/** A file of the clone's own folder for this site, `.evenkeel/<site>/<name>`. */
export function siteFile(site: string, name: string): string {
  return join(home, ".evenkeel", site, name);
}

/** What was chosen for this site when it was set up. Throws, with the command that makes it, where it is missing or damaged. */
function readChosen<T>(site: string, name: string, schema: z.ZodType<T>): T {
  const file = siteFile(site, name);
  try {
    return schema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new Error(`${file} is missing or damaged: run npx evenkeel env to make what is missing`, { cause });
  }
}

/** The ports chosen for this site when it was set up. */
export function readPorts(site: string): LabPorts {
  return readChosen(site, "ports.json", portsSchema);
}

const coreSchema = z.object({ version: z.string(), sha256: z.string(), localPath: z.string() }).nullable();

/** A WordPress archive on this machine, or null: hosts take their distribution's package. */
export type LabCore = z.infer<typeof coreSchema>;

/**
 * The WordPress archive that was chosen for this site when it was set up. Chosen once, so that an archive that turns up later changes no running host.
 */
export function readCore(site: string): LabCore {
  return readChosen(site, "core.json", coreSchema);
}

const storeSchema = z.object({ sha256: z.string(), localPath: z.string() });

/** The object store's program that was chosen for this site. */
export type LabStore = z.infer<typeof storeSchema>;

export function readStore(site: string): LabStore {
  return readChosen(site, "store.json", storeSchema);
}

const dropInSchema = z.object({ version: z.string(), treeHash: z.string(), localPath: z.string() });

/** What lets WordPress run on PostgreSQL, on this machine. */
export type LabDropIn = z.infer<typeof dropInSchema>;

/** PG4WP as it was chosen for this site; null where it could not be had so far. */
export function readDropIn(site: string): LabDropIn | null {
  const name = "drop-in.json";
  return existsSync(siteFile(site, name)) ? readChosen(site, name, dropInSchema) : null;
}

const nodeSchema = z.object({ version: z.string(), sha256: z.string(), localPath: z.string() });

/** The Node that the hosts' keepers run with, on this machine. */
export type LabNode = z.infer<typeof nodeSchema>;

export function readKeeperNode(site: string): LabNode {
  return readChosen(site, "keeper-node.json", nodeSchema);
}

/** The ports of one place; throws when the site's files are older than its configuration. */
export function placePorts(ports: LabPorts, place: string): { ssh: number; https: number; dns: number } {
  const own = ports[place];
  if (own === undefined) throw new Error(`ports.json holds no ports for ${place}: run npx evenkeel env once`);
  return { dns: 0, ...own };
}
