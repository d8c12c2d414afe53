import { z } from "zod";
import { durabilities } from "../../components/config.ts";
import type { Durability } from "../keeper/store.ts";
import {
  type Ack,
  keysOfOperators,
  type Move,
  type SiteLockRecord,
  siteLockSchema,
} from "./operator-keys.ts";
import type { RemoteCommand } from "./ssh.ts";

/**
 * Commands to a host with a member of the site's etcd (each region's gateway, the third place's edge), as values. None
 * carries a secret. Exit codes: 0 done, 1 no majority or another error, 2 usage, 13 the lock is another's.
 */
const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-etcd"] as const;

/** Whole seconds: a member that has its majority answers within two on a busy machine; a lost one is given up by then. */
const defaultDeadlineSeconds = 10;

interface Deadline {
  deadlineSeconds?: number;
}

function command(
  words: readonly string[],
  { deadlineSeconds = defaultDeadlineSeconds }: Deadline = {},
  document?: object,
): RemoteCommand {
  if (!Number.isInteger(deadlineSeconds) || deadlineSeconds < 1)
    throw new Error(`deadlineSeconds ${deadlineSeconds} is no whole number from 1`);
  const argv = [...program, ...words, "--deadline", String(deadlineSeconds)];
  return document === undefined ? { argv } : { argv, stdin: `${JSON.stringify(document)}\n` };
}

export const etcdCommand = {
  /** What etcd holds of the site (EtcdKeys); with a writer it watches that for up to a second. */
  get: (options?: Deadline) => command(["get"], options),
  /** Puts the operator's durability and tells the keys as `get`, without the watching; so do `record`, `pause` and `ack`. */
  putDurability: (mode: Durability, options?: Deadline) => command(["put-durability", mode], options),
  /** Takes the site's lock (LockAnswer); `insteadOf`: also from that run, which was proved dead or said to be gone. */
  lock: (record: SiteLockRecord, { insteadOf, ...options }: Deadline & { insteadOf?: string } = {}) =>
    command(["lock", ...(insteadOf === undefined ? [] : ["--instead-of", insteadOf])], options, record),
  /** Gives the lock back where it is that run's; another's stays (LockAnswer). */
  unlock: (run: string, options?: Deadline) => command(["unlock", "--run", run], options),
  /** Puts a move into the history; told again it is replaced. */
  record: (move: Move, options?: Deadline) => command(["record"], options, move),
  /** Nothing is promoted by itself until then: whole seconds since 1970. */
  pause: (until: number, by: { who: string; at: string }, options?: Deadline) =>
    command(["pause", "--until", String(until)], options, by),
  endPause: (options?: Deadline) => command(["pause", "--until", "none"], options),
  ack: (ack: Ack, options?: Deadline) => command(["ack"], options, ack),
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
  ...keysOfOperators,
});

export type EtcdKeys = z.infer<typeof etcdKeysSchema>;

/** What `get`, `put-durability`, `record`, `pause` or `ack` of `evenkeel-etcd` printed. Throws when it is none. */
export function parseEtcdKeys(stdout: string): EtcdKeys {
  return etcdKeysSchema.parse(JSON.parse(stdout));
}

const lockAnswerSchema = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  /** Of `lock`: whether it is that run's now. Of `unlock`: whether another one still holds it. */
  locked: z.boolean(),
  holder: siteLockSchema.nullable(),
});

export type LockAnswer = z.infer<typeof lockAnswerSchema>;

/** What `lock` (0, 13) or `unlock` (0) of `evenkeel-etcd` printed. Throws when it is none. */
export function parseLockAnswer(stdout: string): LockAnswer {
  return lockAnswerSchema.parse(JSON.parse(stdout));
}
