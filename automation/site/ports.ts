import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { exitCodes, UserError } from "../errors.ts";
import { choosePorts, type SitePorts } from "../lab/ports.ts";
import { siteFlag } from "../options.ts";
import { jsonDocument } from "../output.ts";
import { createFile, namesIn, readIfThere, replaceFile } from "./durable.ts";

const port = z.number().int().min(1).max(65535);
const portsSchema = z.record(z.string(), z.object({ ssh: port, https: port, dns: port.optional() }));

/** The site's ports on 127.0.0.1: chosen free once and kept, so that addresses stay; a new place gets new ones. */
export async function ensurePorts(stateDirectory: string, regions: readonly string[]): Promise<SitePorts> {
  const path = join(stateDirectory, "ports.json");
  const existing = readPorts(path);
  const ports = await choosePorts({
    regions,
    ...(existing === null ? {} : { existing }),
    taken: takenByOthers(stateDirectory),
  });
  if (existing === null) {
    if (!createFile(path, jsonDocument(ports))) return ensurePorts(stateDirectory, regions);
  } else if (JSON.stringify(existing) !== JSON.stringify(ports)) replaceFile(path, jsonDocument(ports));
  return ports;
}

/** The ports of a file; null where there is none. A damaged one is a usage error and stays as it is. */
export function readPorts(path: string): SitePorts | null {
  const text = readIfThere(path);
  if (text === null) return null;
  try {
    return withoutUndefined(portsSchema.parse(JSON.parse(text)));
  } catch (cause) {
    throw new UserError({
      what: `the site's ports in ${path} are damaged; nothing was changed`,
      // The file lies in the folder that bears the site's name.
      next: `restore the file from a copy; without one, run npx evenkeel destroy${siteFlag(basename(dirname(path)))} first, since hosts keep the ports they were made with`,
      exitCode: exitCodes.usage,
      cause,
    });
  }
}

function withoutUndefined(ports: z.infer<typeof portsSchema>): SitePorts {
  return Object.fromEntries(
    Object.entries(ports).map(([place, { ssh, https, dns }]) => [
      place,
      dns === undefined ? { ssh, https } : { ssh, https, dns },
    ]),
  );
}

/** Ports of this clone's other sites, whose hosts may be stopped just now. */
function takenByOthers(stateDirectory: string): number[] {
  const parent = dirname(stateDirectory);
  return namesIn(parent)
    .filter((name) => join(parent, name) !== stateDirectory)
    .flatMap((name) => {
      try {
        const ports = portsSchema.parse(JSON.parse(readFileSync(join(parent, name, "ports.json"), "utf8")));
        return Object.values(ports).flatMap(({ ssh, https, dns }) => [
          ssh,
          https,
          ...(dns === undefined ? [] : [dns]),
        ]);
      } catch {
        // No ports file, or one that its own site will complain about.
        return [];
      }
    });
}
