import type { SiteConfig } from "../../components/config.ts";
import { exitCodes, UserError } from "../errors.ts";
import { epochHeld, type Grant, lostGrant, nextEpoch, untoldEpochs } from "../failover/granted.ts";
import { commandsOf } from "../failover/next.ts";
import type { DatabaseFacts } from "../failover/observation.ts";
import { beats, heartbeatLimit } from "../failover/writers.ts";
import { openHosts, type SiteOutputs } from "../hosts.ts";
import { secondsText } from "../progress.ts";
import { databaseCommand } from "../remote/database.ts";
import { onDatabase } from "../remote/database-host.ts";
import type { SshSession } from "../remote/ssh.ts";
import { seenWriter } from "../site/writer.ts";
import { notBuilt, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { askDatabases, askHosts, type DatabaseAnswers, type HostAnswers, knowledgeOf } from "./answers.ts";
import { askTyped } from "./confirm.ts";
import { setUpEngine } from "./engine.ts";
import { settleGates } from "./gates.ts";
import { requireRegion } from "./regions.ts";
import { readOutputs, withLockedSite } from "./session.ts";

export interface ResumeArgs {
  site: string;
  region: string;
  confirm?: string | undefined;
  /** Go on although a region was the writer later and no database holds what it took. */
  acceptLoss: boolean;
  yes: boolean;
}

const dial = { attempts: 3, timeoutSeconds: 5 };
const resumeMs = 75_000;

/** `evenkeel resume REGION`: gives an active region its write access back after a restart (writer.md, W1). */
export async function resume(args: ResumeArgs): Promise<void> {
  const { region, acceptLoss } = args;
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  requireRegion(config, region, (name) => `resume ${name} --confirm ${name}`, config.regions[0]);
  await askTyped({
    ...{ name: region, given: args.confirm, flag: "--confirm", yes: true, terminal: terminal() },
    consequence: acceptLoss
      ? `This lets ${region} accept writes again, without what a later writer took.`
      : `This lets ${region} accept writes again, where every other region tells that none came after it.`,
  });
  const engine = await setUpEngine(args);
  const started = Date.now();
  await withLockedSite({ place, config, engine }, `resume ${region}`, async (session) => {
    const outputs = await readOutputs(session);
    if (outputs.regions[region] === null) throw notBuilt(config.site);
    const ssh = await openHosts(place, outputs, session.secrets, dial);
    try {
      const answers = await askHosts(ssh, outputs);
      const seen = seenWriter(place.stateDirectory);
      const epoch = epochToOpen({ site: config.site, region, answers, acceptLoss, seen });
      const needed =
        interruptedActive(answers, heartbeatLimit(config)) !== null ||
        epoch !== answers[region]?.facts?.epoch;
      await rejoinPeers(config, outputs);
      await resumeRegion({ site: config.site, ssh, outputs, region, answers, epoch });
      await settleGates({ site: config.site, ssh, outputs, answers: await askDatabases(ssh, outputs) }, say);
      const seconds = secondsText((Date.now() - started) / 1000);
      say(
        needed
          ? `${region} accepts writes again (${seconds}).`
          : `${region} accepted writes already: there was nothing to resume, and nothing to lose (${seconds}).`,
      );
    } finally {
      await ssh.close();
    }
  });
}

/** A peer's machine may have been made anew: without its leg on the link its host can't be asked by the others. */
export async function rejoinPeers(
  { provider, site, peering }: Pick<SiteConfig, "provider" | "site" | "peering">,
  outputs: SiteOutputs,
): Promise<void> {
  if (provider !== "lab") return;
  const { remakeLink } = await import("../lab/link.ts");
  const built = Object.values(outputs.regions).filter((one) => one !== null);
  await remakeLink(site, built, peering.subnet);
}

/**
 * The region that was active and is read-only now, closed by its keeper among them, or whose heartbeat stopped, where no
 * other one is the writer: what W1 leaves after a restart. An old active region beside a newer writer is no such case; it has to be reinstated, not resumed.
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
    return (facts?.role === "active" || facts?.mayReturn === true) && !serves(name, facts);
  });
  names.sort((a, b) => (answers[b]?.facts?.epoch ?? 0) - (answers[a]?.facts?.epoch ?? 0));
  return names[0] ?? null;
}

/**
 * Why a region may not get its write access back; empty means it may, unless a later writer was lost (epochToOpen).
 * Every existing peer must have answered (W1), and of one whose database is new its web hosts too.
 */
export function resumeProblems(region: string, answers: HostAnswers): string[] {
  const own = answers[region]?.facts ?? null;
  if (own === null) return [`${region} can't be asked: ${answers[region]?.why ?? "it has no database host"}`];
  const problems: string[] = [];
  if (own.role !== "active" && own.role !== "fenced")
    problems.push(`${region} is ${own.role}: only a region that was active can resume`);
  for (const [name, { facts, why }] of Object.entries(answers)) {
    if (name === region) continue;
    if (facts === null) problems.push(`${name} can't be asked whether it has a newer epoch: ${why}`);
    else if (epochHeld(facts) > own.epoch)
      problems.push(`${name} knows the newer epoch ${epochHeld(facts)} (${region}: ${own.epoch})`);
    else if (facts.role === "active" || facts.writable === true)
      problems.push(`${name} is ${facts.role} and may accept writes`);
  }
  return [...problems, ...untoldEpochs(knowledgeOf(answers))];
}

export interface Reopening {
  site: string;
  region: string;
  answers: HostAnswers;
  acceptLoss: boolean;
  /** The newest writer that this clone saw; null where none was. */
  seen?: Grant | null;
}

/**
 * The epoch at which a region's database may be opened: its own; or, where a later writer's database was lost and that
 * loss is accepted, one above all that any host knows, so that no epoch is granted twice (W7). Throws a UserError (exit
 * code 12) with everything that speaks against it.
 */
export function epochToOpen({ site, region, answers, acceptLoss, seen = null }: Reopening): number {
  const problems = resumeProblems(region, answers);
  if (problems.length > 0) throw refused({ region, answers, problems, flag: siteFlag(site) });
  const known = knowledgeOf(answers);
  const lost = lostGrant(known, seen);
  if (lost === null) return answers[region]?.facts?.epoch ?? 0;
  if (!acceptLoss) throw lossRefused({ site, region, answers, lost });
  return nextEpoch(known, seen);
}

/** Throws the same refusal where a region that already writes is older than a writer whose database was lost. */
export function refuseLostWriter({
  site,
  region,
  answers,
  seen = null,
}: Omit<Reopening, "acceptLoss">): void {
  const lost = lostGrant(knowledgeOf(answers), seen);
  if (lost !== null) throw lossRefused({ site, region, answers, lost });
}

/** Runs the verb on the host, which checks the same once more against its peers. */
export async function resumeRegion(options: {
  site: string;
  ssh: SshSession;
  outputs: SiteOutputs;
  region: string;
  answers: DatabaseAnswers;
  epoch: number;
}): Promise<void> {
  const { site, ssh, outputs, region, answers, epoch } = options;
  const hosts = { ssh, outputs };
  const absent = Object.keys(outputs.regions).filter((name) => outputs.regions[name] === null);
  const acceptLoss = epoch > (answers[region]?.facts?.epoch ?? 0);
  // A setting that somebody changed by hand may keep it from opening; what can't be mended, the resume itself tells.
  const mend = { region, command: databaseCommand.mend(), timeoutMs: resumeMs };
  await onDatabase(hosts, mend).catch(() => undefined);
  await onDatabase(hosts, {
    region,
    command: databaseCommand.resume({ epoch, acceptLoss, absent, deadlineSeconds: 60 }),
    timeoutMs: resumeMs,
    otherwise: { what: `${region} was not resumed`, next: `npx evenkeel status${siteFlag(site)}` },
  });
}

function refused(options: {
  region: string;
  answers: DatabaseAnswers;
  problems: readonly string[];
  flag: string;
}): UserError {
  const { region, answers, problems, flag } = options;
  const facts = answers[region]?.facts ?? null;
  const silent = Object.values(answers).some((answer) => answer.facts === null);
  const look = `npx evenkeel status${flag}`;
  return new UserError({
    what: refusalOf(region, facts),
    why: problems.join("\n"),
    next: silent
      ? `make the silent regions answer (${look}), then: npx evenkeel resume ${region} --confirm ${region}${flag}`
      : look,
    exitCode: exitCodes.refused,
    code: "resume-refused",
  });
}

function refusalOf(region: string, facts: DatabaseFacts | null): string {
  if (facts?.role !== "active" && facts?.role !== "fenced") return `${region} can't be resumed`;
  return facts.writable === true
    ? `${region} is active but its heartbeat stands still, and it can't be resumed`
    : `${region} was active before its database was closed and stays read-only`;
}

function lossRefused(options: {
  site: string;
  region: string;
  answers: DatabaseAnswers;
  lost: Grant;
}): UserError {
  const { site, region, answers, lost } = options;
  const facts = answers[region]?.facts;
  const doing = facts?.writable === true ? "accepts writes" : "stays read-only";
  const { resumeWithLoss } = commandsOf(siteFlag(site));
  return new UserError({
    what: `${region} was the writer at epoch ${facts?.epoch ?? 0} and ${doing}: ${lost.region} was the writer after it, at epoch ${lost.epoch}`,
    why: `${lost.host} saw it at epoch ${lost.epoch}; what ${lost.region} took since is on no database that answers`,
    next: `bring the database host of ${lost.region} back as it was; or, to go on without what it took: ${resumeWithLoss(region)}`,
    exitCode: exitCodes.refused,
    code: "writer-lost",
  });
}
