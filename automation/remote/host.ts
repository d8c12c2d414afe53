import { z } from "zod";
import type { RemoteCommand } from "./ssh.ts";

/** `evenkeel-look` on a host: what differs from what its roles left, in one round trip. No content of a file is told. */
export function lookCommand({ repair }: { repair: boolean }): RemoteCommand {
  return { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-look", ...(repair ? ["--repair"] : [])] };
}

/** The lines of these files of a host, as they may be shown, with what they are compared by. */
export function linesCommand(paths: readonly string[]): RemoteCommand {
  return { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-look", "--lines", ...paths] };
}

/** How a host is configured and what room it has, without a look for drift: tenths of a second. */
export function configCommand(): RemoteCommand {
  return { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-look", "--config"] };
}

const finding = z.object({
  /** The role that wants it; null for what no role knows of. */
  role: z.string().nullable(),
  kind: z.enum(["file", "link", "unit", "package", "sysctl", "cron", "role", "variable", "account", "grant"]),
  what: z.string(),
  wanted: z.string(),
  found: z.string(),
});

/**
 * By path of a configuration file: digests of its content, and of what it says in words that no place has for itself.
 * Empty where the host has no counterpart in another region.
 */
const configSchema = z.record(z.string(), z.tuple([z.string(), z.string()]));

const shapeSchema = z.object({
  config: configSchema,
  /** By path, each file system once. Free is what a server that is not root may still write. */
  disks: z.record(z.string(), z.object({ freeBytes: z.number(), totalBytes: z.number() })),
});

const lookSchema = z.object({
  roles: z.array(z.string()),
  findings: z.array(finding),
  /** Those of the findings that are none any more. */
  repaired: z.array(finding),
  /** What each role did to services when it was last applied: "reload nginx.service". */
  did: z.array(z.object({ role: z.string(), what: z.string(), secondsAgo: z.number() })),
  config: configSchema.default({}),
});

/** By path, each line that is not empty: the text that may be shown, and digests as above. */
const linesSchema = z.record(z.string(), z.array(z.tuple([z.string(), z.string(), z.string()])));

export type Finding = z.infer<typeof finding>;
export type HostLook = z.infer<typeof lookSchema>;
export type HostConfig = z.infer<typeof configSchema>;
export type HostShape = z.infer<typeof shapeSchema>;
export type ConfigLine = z.infer<typeof linesSchema>[string][number];

/** What it printed. Throws when it is none. */
export function parseLook(stdout: string): HostLook {
  return lookSchema.parse(JSON.parse(stdout));
}

/** As `parseLook`, of `configCommand`. */
export function parseShape(stdout: string): HostShape {
  return shapeSchema.parse(JSON.parse(stdout));
}

/** As `parseLook`, of `linesCommand`. */
export function parseLines(stdout: string): Record<string, ConfigLine[]> {
  return linesSchema.parse(JSON.parse(stdout));
}
