import { type Attempt, isAcknowledged } from "../../automation/drill/attempt.ts";
import type { DrillDocument, DrillRound, DrillStep } from "../../automation/drill/document.ts";
import { UserError } from "../../automation/errors.ts";
import { askedIn, type CameBack, type Measured, type PlannedMove, plannedOf } from "./figures.ts";

/** What `evenkeel drill --format json` prints, in the words of this benchmark. Pure. */

/** A round, and what its client told: the drill keeps both. */
export interface DrilledRound {
  round: DrillRound;
  attempts: readonly Attempt[];
}

/** Reads a drill's document. Throws where it is none, where a round failed, and where there are fewer than asked for. */
export function parseDrill(text: string, rounds: number): DrillDocument {
  let document: DrillDocument;
  try {
    document = JSON.parse(text) as DrillDocument;
  } catch (cause) {
    throw new Error("the drill printed no document", { cause });
  }
  const failure = document.rounds.find((round) => round.failure !== null)?.failure ?? null;
  if (failure !== null)
    throw new UserError({
      what: `a round of the drill failed: ${failure.what}`,
      ...(failure.why === null ? {} : { why: failure.why }),
      next: failure.next,
    });
  if (document.rounds.length !== rounds)
    throw new Error(`the drill had ${document.rounds.length} rounds, not ${rounds}`);
  return document;
}

/** All moves by plan: of a switchover there and back, behind a fault the way back alone. */
export function plannedMoves({ round, attempts }: DrilledRound): PlannedMove[] {
  const { phases, endedMs, figures } = round;
  const orders = attempts.filter(({ kind }) => kind === "order");
  return figures.outages.flatMap((outage, i) => {
    const phase = phases[i];
    if (phase === undefined || !outage.planned) return [];
    return [plannedOf(outage, askedIn(orders, phase.fromMs, phases[i + 1]?.fromMs ?? endedMs))];
  });
}

/** From the command, which a drill gives as soon as the fault stands, to the first order that was acknowledged behind it. */
export function commandToWriteMs({ round, attempts }: DrilledRound): number | null {
  const fault = stepOf(round, "drill", (name) => name.startsWith("inject the fault"));
  if (fault === undefined) throw new Error(`round ${round.round} has no fault`);
  const sinceMs = fault.endedMs;
  const first = attempts.find((one) => one.kind === "order" && one.sentMs >= sinceMs && isAcknowledged(one));
  return first === undefined ? null : first.answeredMs - sinceMs;
}

/** From the start of the dead hosts until the old writer receives again; empty where the round did not bring it back. */
export function cameBack({ round }: DrilledRound): CameBack[] {
  const start = stepOf(round, "drill", (name) => name === "take the fault back");
  const back = stepOf(round, "reinstate", (name) => name === "return");
  const first = round.steps.find(({ of }) => of === "reinstate");
  if (start === undefined || back === undefined || first === undefined) return [];
  const way = /^(rejoin|rewind|reseed)\b/.exec(back.note ?? "")?.[1] as CameBack["way"] | undefined;
  return [
    {
      ms: back.endedMs - start.startedMs,
      commandMs: back.endedMs - first.startedMs,
      way: way ?? "unknown",
    },
  ];
}

const stepOf = (
  { steps }: DrillRound,
  of: DrillStep["of"],
  isMeant: (name: string) => boolean,
): DrillStep | undefined => steps.find((step) => step.of === of && isMeant(step.name));

export interface Drilled {
  document: DrillDocument;
  rounds: readonly DrilledRound[];
}

/** One row out of both drills: `switchover` tells of planned moves, `region` of all the rest and of its own ways back. */
export function measuredOf(
  switchover: Drilled,
  region: Drilled,
  about: Pick<Measured, "engine" | "roundTripMs" | "commit" | "machine">,
): Measured {
  const all = [...switchover.rounds, ...region.rounds];
  const losses = all.map(({ round }) => round.figures.rpoRows);
  return {
    ...about,
    what: `Evenkeel, ${region.document.durability}`,
    rounds: region.rounds.length,
    planned: all.flatMap(plannedMoves),
    forcedMs: region.rounds.map(commandToWriteMs),
    automaticMs: null,
    back: region.rounds.flatMap(cameBack),
    acknowledged: all.reduce((sum, { round }) => sum + round.figures.orders.acknowledged, 0),
    lost: losses.some((rows) => rows === null)
      ? null
      : losses.reduce<number>((sum, rows) => sum + (rows ?? 0), 0),
  };
}
