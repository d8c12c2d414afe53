import { z } from "zod";
import type { RemoteCommand } from "./ssh.ts";

/**
 * Commands to a web host as values. Every one has a deadline on the host itself (whole seconds). None carries a
 * secret.
 */
const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-web"] as const;

/** Defaults in seconds: what the verb may take on a busy machine before it is better to report. */
const defaultDeadlineSeconds = { open: 30, close: 15, status: 10, settle: 30, install: 180 } as const;

type Verb = keyof typeof defaultDeadlineSeconds;

export interface WebDeadline {
  /** Whole seconds; each verb has a default. */
  deadlineSeconds?: number;
}

function command(verb: Verb, words: readonly string[], options: WebDeadline): RemoteCommand {
  const seconds = options.deadlineSeconds ?? defaultDeadlineSeconds[verb];
  if (!Number.isInteger(seconds) || seconds < 1)
    throw new Error(`deadlineSeconds ${seconds} is no whole number from 1`);
  return { argv: [...program, verb, ...words, "--deadline", String(seconds)] };
}

function epochWords(epoch: number): string[] {
  if (!Number.isSafeInteger(epoch) || epoch < 1) throw new Error(`epoch ${epoch} is no whole number from 1`);
  return ["--epoch", String(epoch)];
}

/** The verbs of `evenkeel-web`. Exit codes: 0 done, 1 error, 2 usage, 12 refused on facts, 13 another verb is running. */
export const webCommand = {
  /** After the database verb: environment, caches, PHP, gate, scheduled tasks (writer.md, W14). */
  open: (options: WebDeadline & { epoch: number }) => command("open", epochWords(options.epoch), options),
  close: (options: WebDeadline = {}) => command("close", [], options),
  status: (options: WebDeadline = {}) => command("status", [], options),
  /** Opens where the region's own database proves to be the active one, else closes; waits for a keeper to do so. */
  settle: (options: WebDeadline = {}) => command("settle", [], options),
  install: (options: WebDeadline = {}) => command("install", [], options),
} as const;

export const webStatusSchema = z.object({
  apiVersion: z.literal("evenkeel/v1"),
  site: z.string(),
  region: z.string(),
  gate: z.enum(["open", "closed"]),
  /** The last epoch that the gate was opened for; 0 where it never was. */
  epoch: z.int().min(0),
  /** This region's lease as the host's keeper proved it; null: it has none, or no keeper. Older hosts don't say it. */
  lease: z.object({ epoch: z.int().min(1), leftSeconds: z.number() }).nullish(),
  /** What systemd says of the keeper; null: the host is not under the keeper's rules. Older hosts don't say it. */
  keeper: z.string().nullish(),
  cron: z.enum(["active", "inactive"]),
  versions: z.object({
    nginx: z.string().nullable(),
    php: z.string().nullable(),
    wordpress: z.string().nullable(),
    /** The database's client. Older hosts don't say it. */
    client: z.string().nullable().optional(),
  }),
  /** null: the role was never finished. Equal tree hashes are equal cores. */
  core: z
    .object({
      version: z.string(),
      source: z.enum(["archive", "package"]),
      treeHash: z.string().regex(/^[0-9a-f]{64}$/),
    })
    .nullable(),
  /** The size of PHP's pool; the warning says what is wrong with one from the configuration. null: not known. */
  php: z
    .object({
      maxChildren: z.int(),
      memoryMib: z.int(),
      workerMib: z.int(),
      warning: z.string().nullable(),
    })
    .nullish(),
  /** Units of nginx, PHP and the keeper that do not run. Older hosts don't say it. */
  stopped: z.array(z.string()).optional(),
  /** The volume of the uploads (null: the host's own disk), and whether it is mounted. Older hosts don't say it. */
  uploads: z.object({ device: z.string().nullable(), mounted: z.boolean() }).optional(),
});

export type WebStatus = z.infer<typeof webStatusSchema>;

const webInstallSchema = z.object({
  installed: z.boolean(),
  reason: z.string().nullable(),
  /** Only where WordPress is an experiment (on PostgreSQL); elsewhere a failure ends with exit code 1. */
  failed: z.boolean().default(false),
});

/** What `evenkeel-web install` printed. Throws when it is none. */
export function parseWebInstall(stdout: string): z.infer<typeof webInstallSchema> {
  return webInstallSchema.parse(JSON.parse(stdout));
}

/** The status document that `evenkeel-web status` printed. Throws when it is none. */
export function parseWebStatus(stdout: string): WebStatus {
  return webStatusSchema.parse(JSON.parse(stdout));
}
