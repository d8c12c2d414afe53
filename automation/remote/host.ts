import { z } from "zod";
import type { RemoteCommand } from "./ssh.ts";

/** `evenkeel-look` on a host: what differs from what its roles left, in one round trip. No content of a file is told. */
export function lookCommand({ repair }: { repair: boolean }): RemoteCommand {
  return { argv: ["sudo", "-n", "/usr/local/sbin/evenkeel-look", ...(repair ? ["--repair"] : [])] };
}

const finding = z.object({
  /** The role that wants it; null for what no role knows of. */
  role: z.string().nullable(),
  kind: z.enum(["file", "link", "unit", "package", "cron", "role", "variable", "account", "grant"]),
  what: z.string(),
  wanted: z.string(),
  found: z.string(),
});

const lookSchema = z.object({
  roles: z.array(z.string()),
  findings: z.array(finding),
  /** Those of the findings that are none any more. */
  repaired: z.array(finding),
  /** What each role did to services when it was last applied: "reload nginx.service". */
  did: z.array(z.object({ role: z.string(), what: z.string(), secondsAgo: z.number() })),
});

export type Finding = z.infer<typeof finding>;
export type HostLook = z.infer<typeof lookSchema>;

/** What it printed. Throws when it is none. */
export function parseLook(stdout: string): HostLook {
  return lookSchema.parse(JSON.parse(stdout));
}
