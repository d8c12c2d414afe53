import type { Grant } from "./granted.ts";
import { databaseHost } from "./next.ts";
import type { DatabaseFacts, RegionObservation } from "./observation.ts";
import { type Context, mendOr, type Problem } from "./problem.ts";
import { beats } from "./writers.ts";

/** A healthy standby is under two seconds behind; half a minute is more than a long transaction or a busy machine. */
const lagLimitSeconds = 30;

/** What is wrong with the database of a region that is built. What is not known is a problem by itself. */
export function databaseProblems({ name, database }: RegionObservation, context: Context): Problem[] {
  const { facts } = database;
  if (facts === null) {
    const what = `the database host of ${name} can't be asked: ${database.why}`;
    return [{ code: "database-silent", what, next: mendSilent(name, context) }];
  }
  // Before anything else is tried there: no verb opens a database while the fence's marker lies there.
  if (facts.fencing) return [unfinishedFence(name, facts, context)];
  const restart = context.commands.restartDatabase(name, database.engine);
  if (!facts.running) return [stoppedDatabase(name, facts, restart, context)];
  return [...hostProblems(name, facts, restart, context), ...roleProblems(name, facts, context)];
}

/** Of the region that has the lease, another one that holds all there is can take over. */
function mendSilent(name: string, context: Context): string {
  const { observation, writers, commands } = context;
  const mend = mendOr(context, name, commands.look(databaseHost(name)));
  const keys = observation.etcd?.keys ?? null;
  if (writers.rightful !== null || keys?.writer?.region !== name) return mend;
  const candidate = observation.regions.find(
    ({ name: other, database: { facts } }) =>
      facts?.role === "standby" && facts.running && keys.sync?.includes(other) === true,
  );
  return candidate === undefined
    ? mend
    : `${commands.failover(candidate.name)} lets the site go on there, or ${mend}`;
}

/** Without a keeper no database opens itself when it starts: the newest writer is opened by a second command. */
function stoppedDatabase(
  name: string,
  facts: DatabaseFacts,
  restart: string,
  { epoch, lost, commands }: Context,
): Problem {
  const wasWriter = facts.role === "active" && facts.epoch === epoch && lost === null;
  const next = wasWriter ? `${restart} && ${commands.resume(name)}` : restart;
  return { code: "database-down", what: `the database of ${name} does not run`, next };
}

function unfinishedFence(name: string, facts: DatabaseFacts, { commands }: Context): Problem {
  const meanwhile = facts.writable === true ? "it still accepts writes" : "nothing opens it before that";
  const what = `a fence of the database of ${name} began and has not ended: ${meanwhile}`;
  return { code: "fence-unfinished", what, next: commands.fence(name) };
}

function hostProblems(name: string, facts: DatabaseFacts, restart: string, { commands }: Context): Problem[] {
  const problems: Problem[] = [];
  if (facts.keeperStopped === true) {
    const unit = "evenkeel-keeper.service";
    const what = `${unit} does not run on ${databaseHost(name)}`;
    problems.push({ code: "service-stopped", what, next: commands.restart(databaseHost(name), unit) });
  }
  // A restart of the active one is an outage and the operator's choice: it works, and warningsOf tells it.
  if (facts.restartNeeded && facts.role !== "active") {
    const what = `the database of ${name} runs on older settings until it is restarted`;
    problems.push({ code: "restart-needed", what, next: restart });
  }
  if (facts.clockSkewSeconds !== null) {
    const what = `the clock of ${name} differs from the active region's by ${Math.abs(facts.clockSkewSeconds)} s`;
    problems.push({ code: "clock-skew", what, next: null });
  }
  return problems;
}

function roleProblems(name: string, facts: DatabaseFacts, context: Context): Problem[] {
  if (facts.role !== "active" && facts.writable === true) {
    const what = `the database of ${name} accepts writes although its role is ${facts.role}`;
    return [{ code: "writer-not-active", what, next: context.commands.fence(name) }];
  }
  switch (facts.role) {
    case "active":
      return activeProblems(name, facts, context);
    case "standby":
      return standbyProblems(name, facts, context);
    case "unseeded": {
      const what = `the database of ${name} holds no copy of the site yet`;
      // Without a writer there is nothing to seed it from; where no database knows an epoch, provision is the birth.
      const mendable = context.writers.rightful !== null || context.epoch === 0;
      const next = mendable ? context.commands.provision : null;
      return [{ code: "unseeded", what, next }];
    }
    case "fenced":
      return [fenced(name, facts, context)];
    default:
      return facts.role satisfies never;
  }
}

function activeProblems(name: string, facts: DatabaseFacts, context: Context): Problem[] {
  const { observation, epoch, commands } = context;
  if (facts.writable !== true) return [readOnlyActive(name, facts, context)];
  if (facts.epoch < (epoch ?? 0)) {
    // Another region was promoted later: what this one still accepts is lost.
    const what = `${name} accepts writes at epoch ${facts.epoch} although epoch ${epoch} was granted`;
    return [{ code: "writer-outdated", what, next: commands.fence(name) }];
  }
  if (context.lost !== null) {
    const what = `${name} accepts writes at epoch ${facts.epoch}; ${lostWriter(context.lost)}`;
    return [{ code: "writer-outdated", what, next: giveUp(name, context.lost, context) }];
  }
  if (beats(name, facts, observation.heartbeatSeconds)) return [];
  // The gate stays as it was: where it is open, it refuses no write.
  const what = `the heartbeat of ${name} stands still: /evenkeel/active answers 503 there, so edge and DNS don't take it for active`;
  return [{ code: "heartbeat-silent", what, next: commands.resume(name) }];
}

function lostWriter({ region, epoch }: Grant): string {
  return `${region} was the writer after it, at epoch ${epoch}, and no database that answers holds what it took`;
}

/** While that region's database is silent it may still come back: it is told by itself, with what mends it. */
function giveUp(name: string, { region }: Grant, { observation, commands }: Context): string | null {
  const silent = observation.regions.some((one) => one.name === region && one.database.facts === null);
  return silent
    ? null
    : `bring the database host of ${region} back as it was, or ${commands.resumeWithLoss(name)}`;
}

function readOnlyActive(name: string, facts: DatabaseFacts, context: Context): Problem {
  const { epoch, lost, commands } = context;
  const what = `${name} was active at epoch ${facts.epoch} and is read-only since its database restarted`;
  if (facts.epoch < (epoch ?? 0)) {
    return {
      code: "active-read-only",
      what: `${what}; epoch ${epoch} is elsewhere`,
      next: commands.reinstate(name),
    };
  }
  if (lost !== null) {
    const next = giveUp(name, lost, context);
    return { code: "active-read-only", what: `${what}; ${lostWriter(lost)}`, next };
  }
  return { code: "active-read-only", what, next: `${commands.resume(name)}, or ${commands.provision}` };
}

function fenced(name: string, facts: DatabaseFacts, context: Context): Problem {
  const { writers, epoch, lost, commands } = context;
  const what = `the database of ${name} is fenced and takes no part`;
  if (writers.rightful !== null) return { code: "fenced", what, next: commands.reinstate(name) };
  if (facts.epoch !== epoch) return { code: "fenced", what, next: null };
  if (lost === null) return { code: "fenced", what, next: commands.resume(name) };
  return { code: "fenced", what: `${what}; ${lostWriter(lost)}`, next: giveUp(name, lost, context) };
}

function standbyProblems(name: string, facts: DatabaseFacts, { writers, commands }: Context): Problem[] {
  const next = writers.rightful === null ? null : commands.reinstate(name);
  if (facts.replicating !== true) {
    const why = facts.replicationError === null ? "" : `: ${facts.replicationError}`;
    const what = `the database of ${name} does not follow the active one${why}`;
    return [{ code: "standby-not-replicating", what, next }];
  }
  const problems: Problem[] = [];
  if (writers.rightful !== null && facts.source !== writers.rightful) {
    const what = `the database of ${name} follows ${facts.source}, not the active region ${writers.rightful}`;
    problems.push({ code: "standby-not-replicating", what, next });
  }
  if (facts.tls !== true) {
    const what = `the database of ${name} replicates without TLS or without checking its source's certificate`;
    problems.push({ code: "standby-without-tls", what, next });
  }
  // Clocks that differ are told by themselves; where the active database does not answer, no lag can be known then.
  const unknown = facts.lagSeconds === null && facts.clockSkewSeconds === null;
  if (unknown || (facts.lagSeconds ?? 0) > lagLimitSeconds) {
    const behind = unknown ? "an unknown time" : `${facts.lagSeconds} s`;
    const what = `the database of ${name} is ${behind} behind the active one`;
    problems.push({ code: "standby-lagging", what, next: null });
  }
  return problems;
}
