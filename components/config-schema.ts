import { z } from "zod";
import { overlapping, parseCidr } from "./addresses.ts";
import { mostWebServers, zoneNames } from "./plan.ts";

/**
 * Words that can't name a region: they are stacks, networks or names of the zone already. `constructor` is what every
 * object has by that key, where what belongs to a region is looked up by its name.
 */
const reservedPlaces = new Set(["global", "third", "peering", "all", ...zoneNames, "constructor"]);

const placeName = z
  .string()
  .regex(
    /^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$/,
    "lower-case letters, digits and dashes, at most 20, first a letter, last no dash",
  )
  .refine((name) => !reservedPlaces.has(name), "is a reserved word; choose another name");

const cidr = z.string().refine((text) => parseCidr(text) !== null, "is no IPv4 network such as 10.10.0.0/16");

const domain = z
  .string()
  .max(200)
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$/, "is no domain name such as shop.example.org");

const workers = z.number().int().min(1).max(500).optional();

/** PHP-FPM's pool (components/host/web-settings.ts, PhpSettings); what isn't given is reckoned on the host. */
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

/** What a site promises of acknowledged writes when a region dies (docs/writer.md, W5). */
export const durabilities = ["strict", "bounded", "async"] as const;

const siteKeys = {
  provider: z.literal("lab", { error: "only the provider lab is built so far" }),
  regions: z.array(placeName).min(1, "names no region").max(2, "more than two regions are not built so far"),
  initialActive: placeName,
  /** Where the site belongs while all is well: what `failback` moves it to. Unset: initialActive. */
  preferred: placeName.optional(),
  engine: z.enum(["mariadb", "postgresql"], {
    error: "must be mariadb or postgresql; no other engine is built so far",
  }),
  /** Unset, a site on PostgreSQL has the order ledger alone. */
  wordpressOnPostgresql: z.literal("pg4wp", { error: "must be pg4wp; there is no other way" }).optional(),
  domain,
  networks: z.record(z.string(), cidr),
  maxRegions: z.number().int().min(1).max(9).default(2),
  webServers: z.number().int().min(1).max(mostWebServers).default(1),
  cache: z.enum(["redis", "none"]).default("redis"),
  objectStore: z.enum(["s3", "none"]).default("s3"),
  cacheMemoryMb: z.number().int().min(16).max(65_536).default(128),
  php: phpSettings.default({ listen: "socket" }),
  /** As the site is born; from then on what etcd says counts, which `evenkeel durability` changes. */
  durability: z.enum(durabilities).default("bounded"),
  boundedWaitSeconds: z.number().int().min(1).max(60).default(2),
  /** Within so long after a failover another one is refused, until `evenkeel ack`; 0: never. */
  cooldownSeconds: z.number().int().min(0).max(86_400).default(3600),
  title: z.string().min(1).max(200).default("Evenkeel shop"),
  adminEmail: z.email(),
};

export const siteSchema = z.strictObject(siteKeys);
export type SiteValues = z.infer<typeof siteSchema>;

export const regionSchema = z.strictObject({
  location: z.string().min(1),
  namePrefix: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{0,40}$/,
      "lower-case letters, digits and dashes, at most 41, first a letter; unset it is evenkeel-<site>-<region>",
    ),
  /** Size of the volume that a web host's uploads lie on, in GB, when it is first made; 0: no volume. */
  uploadsVolumeGb: z.number().int().min(0).max(16_384).default(0),
});

/** What `global` has of its own: nothing but `secrets`, which the program reads by itself. */
export const globalSchema = z.strictObject({});

/** Whether what is set under this key is a text, or a word out of a few. */
export function isText(key: string): boolean {
  const schemas: Readonly<Record<string, z.ZodType>> = { ...siteKeys, ...regionSchema.shape };
  const schema = Object.hasOwn(schemas, key) ? schemas[key] : undefined;
  const own =
    schema instanceof z.ZodDefault || schema instanceof z.ZodOptional ? schema.def.innerType : schema;
  return ["string", "enum", "literal"].includes(own?._zod.def.type ?? "");
}

/** The values that are sound by themselves: only those can be compared with each other. */
export function soundValues(values: Record<string, unknown>): Partial<SiteValues> {
  const sound = Object.entries(siteKeys).flatMap(([key, schema]) => {
    const parsed = schema.safeParse(values[key]);
    return parsed.success ? [[key, parsed.data] as const] : [];
  });
  return Object.fromEntries(sound) as Partial<SiteValues>;
}

/** What is wrong between values that are sound by themselves, a line each. */
export function problemsTogether({
  engine,
  wordpressOnPostgresql,
  regions,
  networks,
  initialActive,
  preferred,
  maxRegions,
}: Partial<SiteValues>): string[] {
  const problems: string[] = [];
  const note = (key: string, message: string) => problems.push(`evenkeel:${key}: ${message}`);
  if (regions !== undefined) {
    if (new Set(regions).size !== regions.length) note("regions", "names the same region twice");
    if (maxRegions !== undefined && regions.length > maxRegions)
      note("maxRegions", `is less than the ${regions.length} regions`);
    if (initialActive !== undefined && !regions.includes(initialActive))
      note("initialActive", `"${initialActive}" is not one of the regions`);
    if (preferred !== undefined && !regions.includes(preferred))
      note("preferred", `"${preferred}" is not one of the regions`);
  }
  if (wordpressOnPostgresql !== undefined && engine !== undefined && engine !== "postgresql")
    note(
      "wordpressOnPostgresql",
      `is for evenkeel:engine postgresql alone; take it out, since WordPress runs on ${engine} as it is`,
    );
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

const kinds: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

/** An issue in words for somebody who wrote the file, wherever the schema has none of its own. */
function sentence(issue: z.core.$ZodIssue): string {
  if (["invalid_type", "invalid_value"].includes(issue.code) && issue.input === undefined)
    return "is missing";
  if (!/^(Invalid|Too) /.test(issue.message)) return issue.message;
  switch (issue.code) {
    case "invalid_type":
      return `must be ${kinds[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `must be one of ${issue.values.join(", ")}`;
    case "too_small":
      return issue.origin === "string"
        ? `must have at least ${issue.minimum} characters`
        : `must be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string"
        ? `must have at most ${issue.maximum} characters`
        : `must be at most ${issue.maximum}`;
    case "invalid_format":
      return issue.format === "email"
        ? "is no e-mail address"
        : `must match ${issue.pattern ?? issue.format}`;
    default:
      return issue.message;
  }
}

/** Problems as lines that name the key; `prefix` is the namespace, with the file where there are several. */
export function describe(error: z.ZodError, prefix: string): string[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.join(".");
    if (issue.code !== "unrecognized_keys") return [`${prefix}${path}: ${sentence(issue)}`];
    return issue.keys.map((key) =>
      path === "" ? `${prefix}${key}: ${strangerAtTop(key)}` : `${prefix}${path}.${key}: is no known key`,
    );
  });
}

/** Why a file may not have this key, and which may. */
function strangerAtTop(key: string): string {
  if (Object.hasOwn(siteKeys, key)) return "is a key of the whole site; set it in Pulumi.yaml";
  if (Object.hasOwn(regionSchema.shape, key))
    return "is a key of one region; set it in that region's file, Pulumi.<region>.yaml";
  if (key === "secrets") return "is a key of the stacks; set it in their files, Pulumi.<stack>.yaml";
  return "is no known key";
}
