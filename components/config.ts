import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { overlapping, parseCidr } from "./addresses.ts";
import { type LinkPlan, planLink, planRegions, planThird, type RegionPlan, type ThirdPlan } from "./plan.ts";

/** Words that can't name a region: they are stacks or networks already. */
const reservedPlaces = new Set(["global", "third", "peering", "all"]);

const placeName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, "lower-case letters, digits and dashes, at most 20, first a letter")
  .refine((name) => !reservedPlaces.has(name), "is a reserved word; choose another name");

const cidr = z.string().refine((text) => parseCidr(text) !== null, "is no IPv4 network such as 10.10.0.0/16");

const domain = z
  .string()
  .max(200)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/, "is no domain name such as shop.example.org");

const workers = z.number().int().min(1).max(500).optional();

/** PHP-FPM's pool (components/host/web-files.ts, PhpSettings); what isn't given is reckoned on the host. */
const phpSettings = z
  .strictObject({
    listen: z.enum(["socket", "tcp"]).default("socket"),
    maxChildren: workers,
    startServers: workers,
    minSpareServers: workers,
    maxSpareServers: workers,
  })
  .superRefine(({ maxChildren, startServers, minSpareServers, maxSpareServers }, problems) => {
    const given = [maxChildren, startServers, minSpareServers, maxSpareServers];
    const count = given.filter((value) => value !== undefined).length;
    const note = (message: string) => problems.addIssue({ code: "custom", message });
    if (count === 0) return;
    if (count < given.length)
      return note("give maxChildren, startServers, minSpareServers and maxSpareServers together, or none");
    const [most, start, least, spare] = given as [number, number, number, number];
    // PHP-FPM refuses anything else (php-fpm -t).
    if (!(least <= start && start <= spare && spare <= most))
      note("minSpareServers <= startServers <= maxSpareServers <= maxChildren does not hold");
  });

const siteKeys = {
  provider: z.literal("lab", { error: "only the provider lab is built so far" }),
  regions: z.array(placeName).min(1, "names no region").max(2, "more than two regions are not built so far"),
  initialActive: placeName,
  engine: z.literal("mariadb", { error: "only the engine mariadb is built so far" }),
  domain,
  networks: z.record(z.string(), cidr),
  maxRegions: z.number().int().min(1).max(9).default(2),
  webServers: z.number().int().min(1).max(4).default(1),
  cache: z.enum(["redis", "none"]).default("redis"),
  objectStore: z.enum(["s3", "none"]).default("s3"),
  cacheMemoryMb: z.number().int().min(16).max(65_536).default(128),
  php: phpSettings.default({ listen: "socket" }),
  boundedWaitSeconds: z.number().int().min(1).max(60).default(2),
  title: z.string().min(1).max(200).default("Evenkeel shop"),
  adminEmail: z.email(),
};

const siteSchema = z.strictObject(siteKeys);
type SiteValues = z.infer<typeof siteSchema>;

const regionSchema = z.strictObject({
  location: z.string().min(1),
  namePrefix: z.string().regex(/^[a-z][a-z0-9-]{0,40}$/),
});

export interface SiteConfig extends SiteValues {
  site: string;
  regionPlans: RegionPlan[];
  third: ThirdPlan;
  peering: LinkPlan;
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

/**
 * Checks raw values and derives the plan of the site. `site` is the Pulumi project's name, `regionValues` the
 * region-only keys by region. Throws `ConfigError` with all problems at once.
 */
export function parseConfig(
  site: string,
  siteValues: Record<string, unknown>,
  regionValues: Record<string, Record<string, unknown>>,
): SiteConfig {
  const parsed = siteSchema.safeParse(siteValues);
  const problems = parsed.success ? [] : describe(parsed.error, "evenkeel:");
  problems.push(...problemsTogether(soundValues(siteValues)));
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(site))
    problems.unshift(`name: "${site}" is no site name (lower-case letters, digits, dashes)`);
  const regions: Record<string, z.infer<typeof regionSchema>> = {};
  for (const [name, values] of Object.entries(regionValues)) {
    const region = regionSchema.safeParse(withRegionDefaults(site, name, values));
    if (region.success) regions[name] = region.data;
    else problems.push(...describe(region.error, `Pulumi.${name}.yaml: evenkeel:`));
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const names = parsed.data.regions;
  const own = (name: string) => regions[name] ?? regionSchema.parse(withRegionDefaults(site, name, {}));
  return {
    ...parsed.data,
    site,
    regionPlans: planRegions({ ...parsed.data, regions: names.map((name) => ({ name, ...own(name) })) }),
    third: planThird(site, parsed.data.networks),
    peering: planLink(parsed.data.networks),
  };
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
    if (key.startsWith("evenkeel:")) all[key.slice("evenkeel:".length)] = fromPulumi(value);
  }
  const secret = new pulumi.Config("evenkeel").get("secrets") ?? null;
  delete all.secrets;
  const { siteValues, regionValues } = splitKeys(all);
  const config = parseConfig(site, siteValues, stack === "global" ? {} : { [stack]: regionValues });
  return { config, stack, secretDocument: secret };
}

/**
 * Values of a site as its files give them, for the command line: reads Pulumi.yaml and the region stack files below
 * `directory`. Throws `ConfigError`; a misspelt top-level key is a problem too (Pulumi would ignore it).
 */
export function loadSiteConfig(directory: string): SiteConfig {
  const project = readYaml(directory, "Pulumi.yaml");
  const site = typeof project.name === "string" ? project.name : "";
  const siteValues: Record<string, unknown> = {};
  for (const [key, entry] of configEntries(project, "Pulumi.yaml")) {
    siteValues[stripNamespace(key, "Pulumi.yaml")] = isValueObject(entry) ? entry.value : entry;
  }
  const names = Array.isArray(siteValues.regions) ? siteValues.regions.map(String) : [];
  const regionValues: Record<string, Record<string, unknown>> = {};
  for (const name of new Set(names)) {
    const file = `Pulumi.${name}.yaml`;
    const stack = readYaml(directory, file);
    const unknown = Object.keys(stack).filter((key) => !stackFileKeys.has(key));
    if (unknown.length > 0) throw new ConfigError([`${file}: unknown key ${unknown.join(", ")}`]);
    regionValues[name] = {};
    for (const [key, value] of configEntries(stack, file)) {
      const short = stripNamespace(key, file);
      if (short !== "secrets") regionValues[name][short] = value;
    }
  }
  return parseConfig(site, siteValues, regionValues);
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

/** Pulumi hands every value over as a string; lists, numbers and mappings come as JSON. */
function fromPulumi(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function splitKeys(all: Record<string, unknown>) {
  const entries = Object.entries(all);
  const isRegionKey = (key: string) => key in regionSchema.shape;
  return {
    siteValues: Object.fromEntries(entries.filter(([key]) => !isRegionKey(key))),
    regionValues: Object.fromEntries(entries.filter(([key]) => isRegionKey(key))),
  };
}

function withRegionDefaults(site: string, name: string, values: Record<string, unknown>) {
  return { location: `lab-${name}`, namePrefix: `evenkeel-${site}-${name}`, ...values };
}

/** The values that are sound by themselves: only those can be compared with each other. */
function soundValues(values: Record<string, unknown>): Partial<SiteValues> {
  const sound = Object.entries(siteKeys).flatMap(([key, schema]) => {
    const parsed = schema.safeParse(values[key]);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(sound) as Partial<SiteValues>;
}

function problemsTogether({ regions, networks, initialActive, maxRegions }: Partial<SiteValues>): string[] {
  const problems: string[] = [];
  const note = (key: string, message: string) => problems.push(`evenkeel:${key}: ${message}`);
  if (regions !== undefined) {
    if (new Set(regions).size !== regions.length) note("regions", "names the same region twice");
    if (maxRegions !== undefined && regions.length > maxRegions)
      note("maxRegions", `is less than the ${regions.length} regions`);
    if (initialActive !== undefined && !regions.includes(initialActive))
      note("initialActive", `"${initialActive}" is not one of the regions`);
  }
  if (networks === undefined) return problems;
  const places = [...(regions ?? []), "third", "peering"];
  for (const place of places) if (!(place in networks)) note("networks", `has no network for ${place}`);
  const strangers =
    regions === undefined ? [] : Object.keys(networks).filter((place) => !places.includes(place));
  for (const place of strangers) note("networks", `names the unknown place ${place}`);
  for (const [a, b] of overlapping(networks))
    note("networks", `${a} (${networks[a]}) and ${b} (${networks[b]}) overlap`);
  return problems;
}

function describe(error: z.ZodError, prefix: string): string[] {
  return error.issues.map((issue) => {
    const path = issue.path.join(".");
    if (issue.code === "unrecognized_keys") return `${prefix}${issue.keys.join(", ")}: is no known key`;
    return `${prefix}${path}: ${issue.message}`;
  });
}
