import { z } from "zod";
import type { RemoteCommand } from "./ssh.ts";
import type { LostRow } from "./tail.ts";

/**
 * Commands to a database host as values. Every one has a deadline on the host itself (whole seconds), so that a lost
 * connection leaves nothing running there for longer. None carries a secret.
 */
const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-db"] as const;

/** Defaults in seconds: what the verb may take on a busy machine before it is better to report. */
const defaultDeadlineSeconds = {
  birth: 120,
  seed: 1800,
  status: 10,
  resume: 60,
  promote: 30,
  demote: 30,
  follow: 120,
  fence: 20,
  look: 20,
  tail: 300,
  rewind: 600,
  reseed: 1800,
  replay: 300,
} as const;

type Verb = keyof typeof defaultDeadlineSeconds;

export interface Deadline {
  /** Whole seconds; each verb has a default. */
  deadlineSeconds?: number;
}

export interface BirthReport {
  /** Only say what is known of the site's birth; refused (12) where no host knows one. Makes nothing. */
  report?: boolean;
}

export interface ConfirmedOff {
  /** Regions whose database machine the operator says is off: their silence does not refuse a promotion. */
  confirmedOff?: readonly string[];
}

export interface ByForce {
  /** Take the lease although this region may lack something: each peer must answer that it is closed, or be confirmed off. */
  byForce?: boolean;
}

export interface AbsentRegions {
  /** Regions of the configuration whose database host does not exist: they need not answer. */
  absent?: readonly string[];
}

export interface AcceptLoss {
  /** Open at an epoch above the host's own, although a later writer's database was lost. */
  acceptLoss?: boolean;
}

function command(verb: Verb, words: readonly string[], options: Deadline): RemoteCommand {
  const seconds = options.deadlineSeconds ?? defaultDeadlineSeconds[verb];
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new Error(`deadlineSeconds ${seconds} is no whole number from 1`);
  return { argv: [...program, verb, ...words, "--deadline", String(seconds)] };
}

/** The host's programs take ten digits. */
const greatestEpoch = 9_999_999_999;

function epochWords(epoch: number): string[] {
  if (!Number.isInteger(epoch) || epoch < 1 || epoch > greatestEpoch)
    throw new Error(`epoch ${epoch} is no whole number from 1 to ${greatestEpoch}`);
  return ["--epoch", String(epoch)];
}

const resumeWords = ({ epoch, acceptLoss = false }: AcceptLoss & { epoch: number }) => [
  ...epochWords(epoch),
  ...(acceptLoss ? ["--accept-loss"] : []),
];

const absentWords = ({ absent = [] }: AbsentRegions) => absent.flatMap((region) => ["--absent", region]);

const confirmedOffWords = ({ confirmedOff = [] }: ConfirmedOff) =>
  confirmedOff.flatMap((region) => ["--confirmed-off", region]);

/** The verbs of `evenkeel-db`. Exit codes: 0 done, 1 error, 2 usage, 12 refused on facts, 13 another verb is running. */
export const databaseCommand = {
  birth: (options: Deadline & AbsentRegions & BirthReport = {}) =>
    command("birth", [...(options.report ? ["--report"] : []), ...absentWords(options)], options),
  seed: (options: Deadline = {}) => command("seed", [], options),
  status: (options: Deadline = {}) => command("status", [], options),
  resume: (options: Deadline & AbsentRegions & AcceptLoss & { epoch: number }) =>
    command("resume", [...resumeWords(options), ...absentWords(options)], options),
  promote: (options: Deadline & ConfirmedOff & ByForce & { epoch: number }) =>
    command(
      "promote",
      [
        ...epochWords(options.epoch),
        ...(options.byForce ? ["--by-force"] : []),
        ...confirmedOffWords(options),
      ],
      options,
    ),
  demote: (options: Deadline = {}) => command("demote", [], options),
  /** Joins the region given, or whichever is the writer. */
  follow: (options: Deadline & { region?: string } = {}) =>
    command("follow", options.region === undefined ? [] : [options.region], options),
  fence: (options: Deadline = {}) => command("fence", [], options),
  /** What the host holds that the writer (or `of`) lacks; `save` keeps it on the host, with the log. Prints a LostTail. */
  tail: (options: Deadline & { of?: string; save?: boolean } = {}) =>
    command(
      "tail",
      [...(options.of === undefined ? [] : ["--of", options.of]), ...(options.save ? ["--save"] : [])],
      options,
    ),
  /** Gives up the host's database, whose tail is saved, for a copy of the writer's; run again, it ends what was cut short. */
  reseed: (options: Deadline = {}) => command("reseed", [], options),
  /** PostgreSQL alone: takes back what only this host holds, and follows the writer. */
  rewind: (options: Deadline = {}) => command("rewind", [], options),
  /** On the writer: puts rows of a tail back where nothing speaks against it. Prints what became of each (Replayed). */
  replay: ({ rows, dryRun, ...options }: Deadline & { rows: readonly LostRow[]; dryRun?: boolean }) => ({
    ...command("replay", dryRun ? ["--dry-run"] : [], options),
    stdin: JSON.stringify({ rows }),
  }),
  /** Settings and accounts that are not as they should be, mended. */
  mend: (options: Deadline = {}) => command("look", ["--repair"], options),
} as const;

export const databaseStatusSchema = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  region: z.string(),
  engine: z.enum(["mariadb", "postgresql"]),
  version: z.string().nullable(),
  role: z.enum(["active", "standby", "fenced", "unseeded"]),
  epoch: z.int().min(0),
  running: z.boolean(),
  /** null: the server does not answer. */
  writable: z.boolean().nullable(),
  /** GTID position, or "timeline:LSN"; "" where nothing was ever written, null where the server does not answer. */
  position: z.string().nullable(),
  heartbeat: z
    .object({
      region: z.string(),
      epoch: z.int(),
      /** By this host's clock. */
      ageSeconds: z.number(),
      /** When it was written by its writer's clock, in seconds since 1970. Older hosts don't say it. */
      at: z.number().optional(),
      /** Rows that its writer's server had changed until then. Older hosts don't say it. */
      changes: z.number().nullable().optional(),
    })
    .nullable(),
  replication: z
    .object({
      /** A region's name, or an address that is no known region's. */
      source: z.string(),
      receiving: z.boolean(),
      applying: z.boolean(),
      tls: z.boolean(),
      error: z.string().nullable(),
    })
    .nullable(),
  /**
   * Age of the newest applied heartbeat by this host's clock; up to a second while nothing lags. null where it does
   * not receive and apply, or where the clocks differ too much for it to mean anything.
   */
  lagSeconds: z.number().nullable(),
  /** How far the heartbeat lies in this host's future, where that is more than a second. Older hosts don't say it. */
  clockSkewSeconds: z.number().nullable().optional(),
  /** The verb that has begun to open this database and has not ended, perhaps cut short. Older hosts don't say it. */
  opening: z.object({ verb: z.string(), epoch: z.int() }).nullable().optional(),
  /** A fence began there and has not ended: nothing is opened before it has. Older hosts don't say it. */
  fencing: z.boolean().optional(),
  /** What of a copy that is under way has arrived there. Older hosts don't say it. */
  seeding: z.object({ bytes: z.number(), bytesPerSecond: z.number() }).nullable().optional(),
  /** It was the active one and its keeper alone fenced it. Older hosts don't say it. */
  mayReturn: z.boolean().optional(),
  /** What systemd says of the keeper; null: the host is not under the keeper's rules. Older hosts don't say it. */
  keeper: z.string().nullish(),
  /** Regions that its commits wait for; null: it waits, and nobody has said for whom. Older hosts don't say it. */
  waitsFor: z.array(z.string()).nullable().optional(),
  /** Whether it acknowledges what it receives; null where that is the writer's to say. Older hosts don't say it. */
  acknowledges: z.boolean().nullable().optional(),
  /** GTIDs of what has arrived, applied or not; PostgreSQL's writer knows that itself. Older hosts don't say it. */
  received: z.string().nullable().optional(),
  restartNeeded: z.boolean(),
  serverId: z.int(),
  machineId: z.string(),
  /**
   * What the host holds, in the engine's notation (writer.md, W9): MariaDB's GTIDs, or PostgreSQL's timelines as JSON.
   */
  history: z.string().nullable(),
});

export type DatabaseStatus = z.infer<typeof databaseStatusSchema>;

/** The status document that `evenkeel-db status` printed. Throws when it is none. */
export function parseDatabaseStatus(stdout: string): DatabaseStatus {
  return databaseStatusSchema.parse(JSON.parse(stdout));
}
