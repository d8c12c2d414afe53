import { databaseFacts, webFacts } from "../failover/facts.ts";
import type { RegionKnowledge } from "../failover/granted.ts";
import type { DatabaseFacts, WebObservation } from "../failover/observation.ts";
import type { SiteOutputs } from "../hosts.ts";
import { interrupts } from "../interrupt.ts";
import type { SshSession } from "../remote/ssh.ts";

/** What each region's database host says of itself; null where it can't be asked. Regions without hosts are left out. */
export type DatabaseAnswers = Record<string, { facts: DatabaseFacts | null; why: string | null }>;

/** The same with what the region's web hosts say: their gates remember epochs that a lost database took away. */
export type HostAnswers = Record<string, DatabaseAnswers[string] & { web: WebObservation[] }>;

const askMs = 12_000;

export async function askDatabases(ssh: SshSession, outputs: SiteOutputs): Promise<DatabaseAnswers> {
  const asked = Object.entries(outputs.regions).map(async ([name, region]) => {
    const host = region?.hosts.find(({ id }) => id === region.database.hostId);
    return host === undefined ? [] : [[name, await databaseFacts(ssh, host, askMs)] as const];
  });
  return Object.fromEntries((await Promise.all(asked)).flat());
}

export async function askHosts(ssh: SshSession, outputs: SiteOutputs): Promise<HostAnswers> {
  const web = Object.entries(outputs.regions).map(async ([name, region]) => {
    const hosts = region?.hosts.filter(({ role }) => role === "web") ?? [];
    return [name, await Promise.all(hosts.map((host) => webFacts(ssh, host, askMs)))] as const;
  });
  const [databases, gates] = await Promise.all([askDatabases(ssh, outputs), Promise.all(web)]);
  const gatesOf = new Map(gates);
  return Object.fromEntries(
    Object.entries(databases).map(([name, answer]) => [name, { ...answer, web: gatesOf.get(name) ?? [] }]),
  );
}

/** How long the first answer of a database is waited for whose machine was just started. */
const bootMs = 15_000;

/**
 * The same right after machines (`started`, by name) were started. A host answers before its database runs, and one that
 * still boots may refuse a login: a resume would be refused for the sake of a peer that is there in a moment. A fenced
 * database may be masked for good and is not waited for; any other only for a bounded time.
 */
export async function askStartedHosts(
  ssh: SshSession,
  outputs: SiteOutputs,
  started: readonly string[],
  withinMs = bootMs,
): Promise<HostAnswers> {
  const deadline = Date.now() + withinMs;
  const awaited = Object.entries(outputs.regions).flatMap(([name, region]) => {
    const database = region?.hosts.find(({ id }) => id === region.database.hostId);
    return database !== undefined && started.includes(database.name) ? [name] : [];
  });
  for (;;) {
    const answers = await askHosts(ssh, outputs);
    const booting = awaited.filter((name) => {
      const facts = answers[name]?.facts ?? null;
      return facts === null || !(facts.running || facts.role === "fenced");
    });
    if (booting.length === 0 || Date.now() > deadline) return answers;
    interrupts().check();
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

export function knowledgeOf(answers: HostAnswers): RegionKnowledge[] {
  return Object.entries(answers).map(([name, { facts, web }]) => ({ name, facts, web }));
}
