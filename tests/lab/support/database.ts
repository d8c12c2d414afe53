import type { SiteHandle } from "./site.ts";

/** What `evenkeel-db status` prints, as far as the tests look at it. */
export interface DatabaseReport {
  region: string;
  role: string;
  epoch: number;
  writable: boolean | null;
  position: string | null;
  serverId: number | null;
  lagSeconds: number | null;
  heartbeat: { region: string; epoch: number; ageSeconds: number } | null;
  replication: { source: string; receiving: boolean; applying: boolean; tls: boolean } | null;
}

export async function databaseStatus(site: SiteHandle, region: string): Promise<DatabaseReport> {
  const { stdout, stderr, exitCode } = await site.ssh(`${region}/database`, [
    "sudo",
    "evenkeel-db",
    "status",
  ]);
  if (exitCode !== 0) throw new Error(`evenkeel-db status on ${region} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as DatabaseReport;
}

/** Runs SQL as root through the local socket; gives the rows as tab-separated lines. */
export async function sql(site: SiteHandle, region: string, statement: string): Promise<string[]> {
  const argv = ["sudo", "mariadb", "--batch", "--skip-column-names"];
  const { stdout, stderr, exitCode } = await site.ssh(`${region}/database`, argv, { stdin: statement });
  if (exitCode !== 0) throw new Error(`SQL on ${region} failed: ${stderr}`);
  return stdout.split("\n").filter((line) => line !== "");
}

/** Runs a verb that must succeed and gives its JSON. */
export async function databaseVerb(
  site: SiteHandle,
  region: string,
  args: readonly string[],
): Promise<Record<string, unknown>> {
  const { stdout, stderr, exitCode } = await site.ssh(
    `${region}/database`,
    ["sudo", "evenkeel-db", ...args],
    {
      timeoutMs: 120_000,
    },
  );
  if (exitCode !== 0)
    throw new Error(`evenkeel-db ${args.join(" ")} on ${region} ended with ${exitCode}: ${stderr}`);
  return JSON.parse(stdout) as Record<string, unknown>;
}
