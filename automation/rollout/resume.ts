import { exitCodes, UserError } from "../errors.ts";
import { databaseFacts } from "../failover/facts.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { beats } from "../failover/writers.ts";
import { openHosts, type SiteOutputs } from "../hosts.ts";
import { secondsText } from "../progress.ts";
import { databaseCommand } from "../remote/database.ts";
import type { SshSession } from "../remote/ssh.ts";
import { notBuilt, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { askTyped } from "./confirm.ts";
import { setUpEngine } from "./engine.ts";
import { settleGates } from "./gates.ts";
import { readOutputs, withLockedSite } from "./session.ts";

export interface ResumeArgs {
  site: string;
  region: string;
  confirm?: string | undefined;
  yes: boolean;
}

/** What each region's database host says of itself; null where it can't be asked. */
export type DatabaseAnswers = Record<string, { facts: DatabaseFacts | null; why: string | null }>;

const dial = { attempts: 3, timeoutSeconds: 5 };
const askMs = 12_000;
const resumeMs = 75_000;

/** `evenkeel resume REGION`: gives an active region its write access back after a restart (writer.md, W1). */
export async function resume(args: ResumeArgs): Promise<void> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  if (!config.regions.includes(args.region)) throw unknownRegion(args.region, config.regions);
  await askTyped({
    name: args.region,
    given: args.confirm,
    flag: "--confirm",
    yes: true,
    terminal: terminal(),
  });
  const engine = await setUpEngine(args);
  const started = Date.now();
  await withLockedSite({ place, config, engine }, `resume ${args.region}`, async (session) => {
    const outputs = await readOutputs(session);
    if (outputs.regions[args.region] === null) throw notBuilt(config.site);
    const ssh = await openHosts(place, outputs, session.secrets, dial);
    try {
      const answers = await askDatabases(ssh, outputs);
      const problems = resumeProblems(args.region, answers);
      if (problems.length > 0)
        throw refused({ region: args.region, answers, problems, flag: siteFlag(config.site) });
      await resumeRegion(ssh, outputs, args.region, answers[args.region]?.facts?.epoch ?? 0);
      await settleGates({ site: config.site, ssh, outputs, answers: await askDatabases(ssh, outputs) }, say);
    } finally {
      await ssh.close();
    }
  });
  say(`${args.region} accepts writes again (${secondsText((Date.now() - started) / 1000)}).`);
}

export async function askDatabases(ssh: SshSession, outputs: SiteOutputs): Promise<DatabaseAnswers> {
  const asked = Object.entries(outputs.regions).map(async ([name, region]) => {
    const host = region?.hosts.find(({ id }) => id === region.database.hostId);
    return host === undefined ? [] : [[name, await databaseFacts(ssh, host, askMs)] as const];
  });
  return Object.fromEntries((await Promise.all(asked)).flat());
}

/**
 * The region that was active and is read-only now, or whose heartbeat stopped, where no other one is the writer: what
 * W1 leaves after a restart. An old active region beside a newer writer is no such case; it has to be reinstated, not resumed.
 */
export function interruptedActive(
  answers: DatabaseAnswers,
  heartbeatSeconds = Number.POSITIVE_INFINITY,
): string | null {
  const serves = (name: string, facts: DatabaseFacts | null | undefined) =>
    facts?.role === "active" && facts.writable === true && beats(name, facts, heartbeatSeconds);
  const hasWriter = Object.entries(answers).some(([name, { facts }]) => serves(name, facts));
  if (hasWriter) return null;
  const names = Object.keys(answers).filter((name) => {
    const facts = answers[name]?.facts;
    return facts?.role === "active" && !serves(name, facts);
  });
  names.sort((a, b) => (answers[b]?.facts?.epoch ?? 0) - (answers[a]?.facts?.epoch ?? 0));
  return names[0] ?? null;
}

/** Why a region may not get its write access back; empty means it may. Every existing peer must have answered (W1). */
export function resumeProblems(region: string, answers: DatabaseAnswers): string[] {
  const own = answers[region]?.facts ?? null;
  if (own === null) return [`${region} can't be asked: ${answers[region]?.why ?? "it has no database host"}`];
  const problems: string[] = [];
  if (own.role !== "active" && own.role !== "fenced")
    problems.push(`${region} is ${own.role}: only a region that was active can resume`);
  for (const [name, { facts, why }] of Object.entries(answers)) {
    if (name === region) continue;
    if (facts === null) problems.push(`${name} can't be asked whether it has a newer epoch: ${why}`);
    else if (facts.epoch > own.epoch)
      problems.push(`${name} knows the newer epoch ${facts.epoch} (${region}: ${own.epoch})`);
    else if (facts.role === "active" || facts.writable === true)
      problems.push(`${name} is ${facts.role} and may accept writes`);
  }
  return problems;
}

/** Runs the verb on the host, which checks the same once more against its peers. */
export async function resumeRegion(
  ssh: SshSession,
  outputs: SiteOutputs,
  region: string,
  epoch: number,
): Promise<void> {
  const hostId = outputs.regions[region]?.database.hostId ?? `${region}/database`;
  const absent = Object.keys(outputs.regions).filter((name) => outputs.regions[name] === null);
  const command = databaseCommand.resume({ epoch, absent, deadlineSeconds: 60 });
  const result = await ssh.run(hostId, command, { timeoutMs: resumeMs });
  if (result.exitCode === 0) return;
  throw new UserError({
    what: `${region} was not resumed`,
    why: result.stderr.trim(),
    next: "npx evenkeel status",
    exitCode: result.exitCode === 12 ? exitCodes.refused : exitCodes.error,
  });
}

export function refused(options: {
  region: string;
  answers: DatabaseAnswers;
  problems: readonly string[];
  flag: string;
}): UserError {
  const { region, answers, problems, flag } = options;
  const writable = answers[region]?.facts?.writable === true;
  return new UserError({
    what: writable
      ? `${region} is active but its heartbeat stands still, and it can't be resumed`
      : `${region} was active before its database was closed and stays read-only`,
    why: problems.join("\n"),
    next: `make the silent regions answer (npx evenkeel status${flag}), then: npx evenkeel resume ${region} --confirm ${region}${flag}`,
    exitCode: exitCodes.refused,
    code: "resume-refused",
  });
}

function unknownRegion(name: string, regions: readonly string[]): UserError {
  return new UserError({
    what: `there is no region ${name}`,
    why: `the regions are ${regions.join(", ")}`,
    next: `npx evenkeel resume ${regions[0]} --confirm ${regions[0]}`,
    exitCode: exitCodes.usage,
  });
}
