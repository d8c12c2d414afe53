import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { z } from "zod";
import {
  describe,
  durabilities,
  globalSchema,
  isText,
  problemsTogether,
  regionSchema,
  type SiteValues,
  siteSchema,
  soundValues,
} from "./config-schema.ts";
import { sharedNetworks } from "./lab/names.ts";
import { type LinkPlan, planLink, planRegions, planThird, type RegionPlan, type ThirdPlan } from "./plan.ts";

export { durabilities };

export interface SiteConfig extends SiteValues {
  site: string;
  regionPlans: RegionPlan[];
  third: ThirdPlan;
  peering: LinkPlan;
}

/** Whether WordPress is wanted on PostgreSQL, experimental as that is. */
export function wantsDropIn({
  engine,
  wordpressOnPostgresql,
}: Pick<SiteValues, "engine" | "wordpressOnPostgresql">): boolean {
  return engine === "postgresql" && wordpressOnPostgresql === "pg4wp";
}

/** Raised with every problem found, one a line, each naming the key. The command line turns it into exit code 2. */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** The stack that joins the regions. */
const globalStack = "global";

/**
 * Checks raw values and derives the plan of the site. `site` is the Pulumi project's name, `stackValues` the keys of
 * one stack alone, by stack: those of a region, and for `global` none. Throws `ConfigError` with all problems at once.
 */
export function parseConfig(
  site: string,
  siteValues: Record<string, unknown>,
  stackValues: Record<string, Record<string, unknown>>,
): SiteConfig {
  const parsed = siteSchema.safeParse(siteValues, { reportInput: true });
  const problems = parsed.success ? [] : describe(parsed.error, "evenkeel:");
  const sound = soundValues(siteValues);
  problems.push(...problemsTogether(sound));
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(site))
    problems.unshift(`name: "${site}" is no site name (lower-case letters, digits, dashes)`);
  const regions: Record<string, z.infer<typeof regionSchema>> = {};
  const { [globalStack]: ofGlobal = {}, ...ofRegions } = stackValues;
  const joining = globalSchema.safeParse(ofGlobal, { reportInput: true });
  if (!joining.success) problems.push(...describe(joining.error, `${stackFile(globalStack)}: evenkeel:`));
  for (const [name, values] of Object.entries(ofRegions)) {
    const region = regionSchema.safeParse(
      { ...regionDefaults(site, name), ...values },
      { reportInput: true },
    );
    if (region.success) regions[name] = region.data;
    else problems.push(...describe(region.error, `${stackFile(name)}: evenkeel:`));
  }
  problems.push(...sharedValues(regions), ...sharedPlaces(site, sound.regions ?? []));
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const names = parsed.data.regions;
  // What a region's own program says of itself is not known to the others' programs, and not needed there.
  const own = (name: string) => regions[name] ?? { ...regionDefaults(site, name), uploadsVolumeGb: 0 };
  return {
    ...parsed.data,
    site,
    regionPlans: planRegions({ ...parsed.data, regions: names.map((name) => ({ name, ...own(name) })) }),
    third: planThird(site, parsed.data.networks),
    peering: planLink(parsed.data.networks),
  };
}

/** Two regions at one place would be lost together, and two with one prefix be one region's hosts, twice. */
function sharedValues(regions: Record<string, { location: string; namePrefix: string }>): string[] {
  return (["location", "namePrefix"] as const).flatMap((key) => {
    const owners = new Map<string, string>();
    return Object.entries(regions).flatMap(([name, { [key]: value }]) => {
      const owner = owners.get(value) ?? name;
      owners.set(value, owner);
      return owner === name
        ? []
        : [`${stackFile(name)}: evenkeel:${key}: "${value}" is that of ${stackFile(owner)}; give it its own`];
    });
  });
}

function sharedPlaces(site: string, regions: readonly string[]): string[] {
  return sharedNetworks(site, [...new Set(regions)]).map(
    ({ place, by, name }) =>
      `evenkeel:regions: ${place} and ${by} would share the network ${name}; give the region another name`,
  );
}

/** Values of the program itself, from Pulumi's own configuration of the running stack. */
export async function readConfig(): Promise<{
  config: SiteConfig;
  stack: string;
  secretDocument: string | null;
}> {
  const pulumi = await import("@pulumi/pulumi");
  const stack = pulumi.getStack();
  const site = pulumi.getProject();
  const all: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(pulumi.runtime.allConfig())) {
    if (!key.startsWith("evenkeel:")) continue;
    const name = key.slice("evenkeel:".length);
    all[name] = fromPulumi(name, value);
  }
  const secret = new pulumi.Config("evenkeel").get("secrets") ?? null;
  delete all.secrets;
  const { siteValues, regionValues } = splitKeys(all);
  const config = parseConfig(site, siteValues, { [stack]: regionValues });
  return { config, stack, secretDocument: secret };
}

/**
 * Values of a site as its files give them, for the command line: reads Pulumi.yaml and the stack files below
 * `directory`, each region's and that of `global`. Throws `ConfigError`; a misspelt top-level key is a problem too (Pulumi would ignore it).
 */
export function loadSiteConfig(directory: string): SiteConfig {
  const project = readYaml(directory, "Pulumi.yaml");
  const site = typeof project.name === "string" ? project.name : "";
  const siteValues: Record<string, unknown> = {};
  for (const [key, entry] of configEntries(project, "Pulumi.yaml")) {
    siteValues[stripNamespace(key, "Pulumi.yaml")] = isValueObject(entry) ? entry.value : entry;
  }
  const regions = Array.isArray(siteValues.regions) ? siteValues.regions.map(String) : [];
  const stacks = [...new Set([...regions, globalStack])];
  return parseConfig(
    site,
    siteValues,
    Object.fromEntries(stacks.map((name) => [name, readStack(directory, name)])),
  );
}

/** The keys of one stack; its secrets, which the program reads itself, are left out. */
function readStack(directory: string, name: string): Record<string, unknown> {
  const file = stackFile(name);
  const stack = readYaml(directory, file);
  const unknown = Object.keys(stack).filter((key) => !stackFileKeys.has(key));
  if (unknown.length > 0) throw new ConfigError([`${file}: unknown key ${unknown.join(", ")}`]);
  const values = configEntries(stack, file).map(([key, value]) => [stripNamespace(key, file), value]);
  return Object.fromEntries(values.filter(([key]) => key !== "secrets"));
}

function stackFile(stack: string): string {
  return `Pulumi.${stack}.yaml`;
}

const stackFileKeys = new Set(["config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment"]);

function readYaml(directory: string, name: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(join(directory, name), "utf8");
  } catch (cause) {
    throw new ConfigError([
      `${name}: can't be read in ${directory} (${(cause as NodeJS.ErrnoException).code})`,
    ]);
  }
  try {
    const value: unknown = parse(text);
    if (value === null) return {};
    if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new ConfigError([`${name}: ${(cause as Error).message.split("\n")[0]}`]);
  }
  throw new ConfigError([`${name}: holds no mapping of keys`]);
}

function configEntries({ config }: Record<string, unknown>, file: string): [string, unknown][] {
  if (config === undefined || config === null) return [];
  if (typeof config === "object" && !Array.isArray(config)) return Object.entries(config);
  throw new ConfigError([`${file}: config is no mapping of keys`]);
}

function stripNamespace(key: string, file: string): string {
  if (key.startsWith("evenkeel:")) return key.slice("evenkeel:".length);
  throw new ConfigError([`${file}: config key ${key} is not one of Evenkeel's (they begin with evenkeel:)`]);
}

function isValueObject(entry: unknown): entry is { value: unknown } {
  return typeof entry === "object" && entry !== null && "value" in entry;
}

/**
 * The value of a key. Pulumi hands every value over as a string; lists, numbers and mappings come as JSON. A text
 * comes as it is, also one that reads like a number or stands in quotes.
 */
export function fromPulumi(key: string, value: string): unknown {
  if (isText(key)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function splitKeys(all: Record<string, unknown>) {
  const entries = Object.entries(all);
  const isRegionKey = (key: string) => Object.hasOwn(regionSchema.shape, key);
  return {
    siteValues: Object.fromEntries(entries.filter(([key]) => !isRegionKey(key))),
    regionValues: Object.fromEntries(entries.filter(([key]) => isRegionKey(key))),
  };
}

function regionDefaults(site: string, name: string): { location: string; namePrefix: string } {
  return { location: `lab-${name}`, namePrefix: `evenkeel-${site}-${name}` };
}
