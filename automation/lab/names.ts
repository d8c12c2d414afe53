import type { SiteConfig } from "../../components/config.ts";
import { type LabName, labNames } from "../../components/lab/names.ts";
import { type ExitCode, exitCodes, UserError } from "../errors.ts";
import { type LabObject, namedObjects } from "./docker.ts";

/** A name of Docker's that something already has, or is to have. */
export interface UsedName extends Pick<LabName, "kind" | "name"> {
  /** Whose it is, as a person would say it: "the site shop". */
  by: string;
}

type Named = Pick<SiteConfig, "site" | "regionPlans" | "third">;

/** The names that a configured site has or is to have. */
export function namesOf(config: Named): UsedName[] {
  return labNames(config).map(({ kind, name }) => ({ kind, name, by: `the site ${config.site}` }));
}

/**
 * Refuses (exit 12) a site some of whose names are another site's on this machine, or a stranger's: containers,
 * networks and volumes are found by their names. Things of a site of the same name are another question, see
 * ownership.ts.
 */
export async function refuseTakenNames(config: Named): Promise<void> {
  const error = nameClash(config, usedNames(config.site, await namedObjects()), exitCodes.refused);
  if (error !== null) throw error;
}

/** What of Docker's things is not the site's own. */
export function usedNames(site: string, objects: readonly LabObject[]): UsedName[] {
  return objects
    .filter((object) => object.site !== site)
    .map(({ kind, name, site: other }) => ({
      kind,
      name,
      by: other === "" ? "something that is not Evenkeel's" : `the site ${other}`,
    }));
}

/** The refusal of a site whose names are in use, with a proposal; null where all are free. */
export function nameClash(config: Named, used: readonly UsedName[], exitCode: ExitCode): UserError | null {
  const key = ({ kind, name }: Pick<LabName, "kind" | "name">) => `${kind} ${name}`;
  const owners = new Map(used.map((one) => [key(one), one.by]));
  const clashing = labNames(config).filter((name) => owners.has(key(name)));
  if (clashing.length === 0) return null;
  return new UserError({
    what: `names of the site ${config.site} are in use; nothing was changed`,
    why: clashing.map((name) => `${key(name)} is that of ${owners.get(key(name))}`).join("\n"),
    next: remedy(config, clashing, used),
    exitCode,
    code: "name-clash",
  });
}

/** A region's machines are called as its file says; all other names are made of the site's and the region's. */
function remedy(config: Named, clashing: readonly LabName[], used: readonly UsedName[]): string {
  const region = config.regionPlans.find(({ name }) => name === clashing[0]?.place);
  if (
    region !== undefined &&
    clashing.every(({ kind, place }) => kind !== "network" && place === region.name)
  ) {
    const free = freeName(region.namePrefix, (prefix) => `${prefix}-`, used);
    return `set evenkeel:namePrefix in Pulumi.${region.name}.yaml to one that is free, for example ${free}`;
  }
  const free = freeName(config.site, (site) => `evenkeel-${site}-`, used);
  return `give the site another name, for example ${free}, or the region`;
}

/** The first of NAME2, NAME3, … by which nothing begins that is in use. */
function freeName(name: string, start: (name: string) => string, used: readonly UsedName[]): string {
  for (let number = 2; ; number += 1) {
    const candidate = `${name.slice(0, 28)}${number}`;
    if (!used.some((one) => one.name.startsWith(start(candidate)))) return candidate;
  }
}
