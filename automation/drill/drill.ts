import { exitCodes, UserError } from "../errors.ts";
import type { Attempt } from "./attempt.ts";
import { type DrillDocument, type DrillFailure, type DrillRound, toJson } from "./document.ts";
import { figuresOf } from "./figures.ts";
import { limitsOf, objectivesOf } from "./objectives.ts";
import type { DrillClient, DrillKind, DrillParts } from "./parts.ts";
import {
  compareBehind,
  emptyRecord,
  type RoundPlan,
  type RoundRecord,
  runRound,
  undoStanding,
} from "./round.ts";
import { type Look, look } from "./waits.ts";

export interface DrillOptions {
  kind: DrillKind;
  repeat: number;
  maxRto?: string | undefined;
  maxRpo?: string | undefined;
  /** The region to which `failback` leads. */
  preferred: string;
}

export interface DrillResult {
  document: DrillDocument;
  /** What the client told, a list a round. */
  attempts: (readonly Attempt[])[];
}

/**
 * The whole drill: `repeat` rounds, the last one being the first that failed. Throws UserError before anything was
 * touched: 2 for a limit that can't be read, 12 where the site is not healthy and protected. What goes wrong later is in
 * the document, with the figures of what was seen until then.
 */
export async function runDrill(parts: DrillParts, options: DrillOptions): Promise<DrillResult> {
  const { kind } = options;
  limits(options, "bounded");
  const first = await look(parts);
  refuseUnsettled(first, parts);
  const { site, regions } = first.observation;
  await parts.confirm(
    `drill the site ${site} (${kind}), with ${first.diagnosis.active} as its active region`,
  );
  const rounds: DrillRound[] = [];
  const attempts: (readonly Attempt[])[] = [];
  for (let round = 1; round <= options.repeat; round += 1) {
    try {
      const done = await oneRound(parts, options, round === 1 ? first : await lookAgain(parts), round);
      rounds.push(done.round);
      attempts.push(done.attempts);
    } catch (error) {
      const before = rounds.at(-1);
      if (before === undefined) throw error;
      // What was measured is not lost with a round that could not begin.
      before.failure = await afterFailure(parts, emptyRecord(), error);
    }
    if (rounds.at(-1)?.failure !== null) break;
  }
  const engine = regions.find(({ database }) => database.engine !== null)?.database.engine ?? null;
  const { durability } = first;
  return {
    document: toJson({ site, kind, engine, durability, limits: limits(options, durability), rounds }),
    attempts,
  };
}

async function lookAgain(parts: DrillParts): Promise<Look> {
  parts.checkInterrupt();
  const seen = await look(parts);
  refuseUnsettled(seen, parts);
  return seen;
}

function limits({ kind, maxRto, maxRpo }: DrillOptions, durability: Look["durability"]) {
  return limitsOf({ maxRto, maxRpo }, { planned: kind === "switchover", durability });
}

/** What `--dry-run` asks as well: who is active, and who would be the next writer. */
export function refuseUnsettled(seen: Look, { commands }: Pick<DrillParts, "commands">): void {
  const { diagnosis, protection, isSettled, observation } = seen;
  const problem = diagnosis.problems[0];
  const refuse = (why: string, next: string) =>
    new UserError({
      what: `no drill at ${observation.site}: it begins with a healthy and protected site only; nothing was changed`,
      why,
      next,
      exitCode: exitCodes.refused,
      code: "drill-refused",
    });
  if (!isSettled)
    throw refuse(problem?.what ?? protection.reason ?? diagnosis.state, problem?.next ?? commands.status);
  if (targetOf(seen) === null)
    throw refuse("no standby could take over from the active region", commands.status);
}

/** The standby that would become the writer: in `async`, where the sync set is the writer alone, any that replicates. */
export function targetOf({ observation, diagnosis, durability }: Look): string | null {
  const sync = observation.etcd?.keys?.sync ?? [];
  const standbys = observation.regions.filter(
    ({ name, database: { facts } }) =>
      name !== diagnosis.active && facts?.role === "standby" && facts.replicating === true,
  );
  const able = standbys.find(({ name }) => durability === "async" || sync.includes(name));
  return able?.name ?? null;
}

async function oneRound(
  parts: DrillParts,
  options: DrillOptions,
  seen: Look,
  round: number,
): Promise<{ round: DrillRound; attempts: readonly Attempt[] }> {
  const plan = roundPlan(options, seen);
  const { active, target } = plan;
  const record = emptyRecord();
  const startedMs = parts.clock.now();
  parts.say(`Round ${round} of ${options.repeat}: ${plan.kind}, ${active} to ${target} and back`);
  const client = await parts.startClient({ active, round });
  let failure: DrillFailure | null = null;
  try {
    await runRound(parts, client, plan, record);
  } catch (error) {
    failure = await afterFailure(parts, record, error);
  }
  const { figures, attempts } = await reckon(client, record, parts);
  if (failure === null)
    failure = await compareBehind(parts, record).then(
      () => null,
      (error: unknown) => afterFailure(parts, record, error),
    );
  const last = await look(parts).catch(() => null);
  const epochs = { epochBefore: seen.diagnosis.epoch as number, epochAfter: last?.diagnosis.epoch ?? null };
  const objectives = objectivesOf(figures, limits(options, seen.durability), record.differences);
  const { phases, steps, rows, loss } = record;
  const times = { startedMs, endedMs: parts.clock.now(), phases, steps };
  return {
    round: { round, active, target, ...epochs, ...times, figures, objectives, rows, loss, failure },
    attempts,
  };
}

function roundPlan({ kind, preferred }: DrillOptions, seen: Look): RoundPlan {
  const acceptLoss = seen.durability === "async" ? ("any" as const) : 0;
  const { active } = seen.diagnosis;
  return { kind, active: active as string, target: targetOf(seen) as string, preferred, acceptLoss };
}

/** The fault goes whatever happened; then status is asked for the command that mends the rest. */
async function afterFailure(parts: DrillParts, record: RoundRecord, error: unknown): Promise<DrillFailure> {
  const reasons = error instanceof UserError && error.why !== undefined ? [error.why] : [];
  try {
    await undoStanding(parts, record);
  } catch (undo) {
    reasons.push(`the fault could not be taken back: ${(undo as Error).message}`);
  }
  const seen = await look(parts).catch(() => null);
  const mends = seen?.isSettled === true ? undefined : seen?.diagnosis.problems[0]?.next;
  const own = error instanceof UserError ? error.next : undefined;
  return {
    what: (error as Error).message,
    why: reasons.length === 0 ? null : reasons.join("; "),
    next: mends ?? own ?? parts.commands.status,
  };
}

/** Stops the client, asks the writer for its orders, and reckons. */
async function reckon(client: DrillClient, record: RoundRecord, parts: DrillParts) {
  // Ahead of the stop: what that takes is no time without orders.
  const endedMs = parts.clock.now();
  const attempts = await client.stop();
  const evidence = await client.evidence().catch(() => ({ found: null, stockTaken: null }));
  const { phases, turns } = record;
  const figures = figuresOf({ attempts, endedMs, phases, turns, regionOf: client.regionOf, ...evidence });
  return { figures, attempts };
}
