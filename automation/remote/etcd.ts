import { z } from "zod";
import { durabilities } from "../../components/config.ts";
import type { Durability } from "../keeper/store.ts";
import type { RemoteCommand } from "./ssh.ts";

/**
 * Commands to a host with a member of the site's etcd (each region's gateway, the third place's edge), as values. None
 * carries a secret. Exit codes: 0 done, 1 no majority or another error, 2 usage.
 */
const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-etcd"] as const;

/** Whole seconds: a member that has its majority answers within two on a busy machine; a lost one is given up by then. */
const defaultDeadlineSeconds = 10;

function command(words: readonly string[], deadlineSeconds = defaultDeadlineSeconds): RemoteCommand {
  if (!Number.isInteger(deadlineSeconds) || deadlineSeconds < 1)
    throw new Error(`deadlineSeconds ${deadlineSeconds} is no whole number from 1`);
  return { argv: [...program, ...words, "--deadline", String(deadlineSeconds)] };
}

export const etcdCommand = {
  /** What etcd holds of the site (EtcdKeys); with a writer it watches that for up to a second. */
  get: (options: { deadlineSeconds?: number } = {}) => command(["get"], options.deadlineSeconds),
  /** Puts the operator's durability and tells the keys as `get`, without the watching. */
  putDurability: (mode: Durability, options: { deadlineSeconds?: number } = {}) =>
    command(["put-durability", mode], options.deadlineSeconds),
} as const;

const etcdKeysSchema = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  /** Of the whole store: of two answers the one with the higher is the later. */
  revision: z.int(),
  /** null: nobody holds the lease. */
  writer: z.object({ region: z.string(), epoch: z.int() }).nullable(),
  /**
   * What two looks at the lease showed, on the host's clock. Renewed: the last renewal is at most so old. Not renewed:
   * it is at least so old, and how old is not known. null: nobody holds it, or it was not watched.
   */
  lease: z.object({ renewed: z.boolean(), milliseconds: z.int().min(0) }).nullable(),
  /** The last that was granted; null before the first birth. */
  epoch: z.int().nullable(),
  /** The regions that hold every acknowledged transaction; null before the first birth. */
  sync: z.object({ regions: z.array(z.string()), joined: z.boolean() }).nullable(),
  /** The operator's; null: as the site was configured at birth. */
  durability: z.enum(durabilities).nullable(),
  /** Nothing is promoted by itself. */
  pause: z.boolean(),
});

export type EtcdKeys = z.infer<typeof etcdKeysSchema>;

/** What `evenkeel-etcd get` or `put-durability` printed. Throws when it is none. */
export function parseEtcdKeys(stdout: string): EtcdKeys {
  return etcdKeysSchema.parse(JSON.parse(stdout));
}
