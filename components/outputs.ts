import { z } from "zod";

/** The one contract between the stacks and the automation: each stack exports one value, `outputs`, of these shapes. */
export const hostOutputs = z.object({
  /** "primary/database": place and role, stable over re-creations. */
  id: z.string(),
  /** The machine's name, in the lab the container's. */
  name: z.string(),
  role: z.enum(["gateway", "web", "database", "cache", "store", "edge"]),
  address: z.string(),
  peeringAddress: z.string().nullable(),
  /** New at each creation of the machine. */
  machineId: z.string(),
  ssh: z.object({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    hostKey: z.string(),
    proxyHostId: z.string().nullable(),
  }),
  /** The Pulumi resource that is this machine: what `pulumi up --replace` takes. */
  machineUrn: z.string(),
});

export const regionOutputs = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  region: z.string(),
  provider: z.string(),
  location: z.string(),
  url: z.string(),
  hosts: z.array(hostOutputs),
  /** The region's object store as its own hosts reach it; null where it has none (or was built before there were any). */
  store: z.object({ hostId: z.string(), endpoint: z.string(), bucket: z.string() }).nullable().default(null),
  /** What its web hosts were made with; null where it was built before that was told. */
  uploadsVolumeGb: z.number().nullable().default(null),
  /** Whether its web hosts have WordPress; null where it was built before that was told. */
  wordpress: z.boolean().nullable().default(null),
  database: z.object({ engine: z.string(), hostId: z.string(), serverId: z.number() }),
});

export const globalOutputs = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  url: z.string(),
  dns: z.object({ server: z.string(), port: z.number(), name: z.string() }),
  hosts: z.array(hostOutputs),
  birth: z.object({ region: z.string().nullable(), epoch: z.number() }),
});

export type HostOutputs = z.infer<typeof hostOutputs>;
export type RegionOutputs = z.infer<typeof regionOutputs>;
export type GlobalOutputs = z.infer<typeof globalOutputs>;

/** Name of the stack output that holds the object. */
export const outputName = "outputs";

/** What a region's stack exported. Throws, with the command to run, where that stack has built nothing yet. */
export function readRegion(region: string, value: unknown): RegionOutputs {
  const parsed = regionOutputs.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(
    `the stack ${region} has no hosts yet: run pulumi up -s ${region} (or npm run provision) first`,
  );
}
