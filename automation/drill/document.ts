import { type ExitCode, exitCodes } from "../errors.ts";
import type { StepTaken } from "../failover/moves.ts";
import type { Durability } from "../keeper/store.ts";
import { apiVersion } from "../output.ts";
import type { Verdict } from "../verify/document.ts";
import type { Figures } from "./figures.ts";
import { areMet, type Limits, type Objective } from "./objectives.ts";
import type { Phase } from "./outages.ts";
import type { DrillKind, LossSeen } from "./parts.ts";

/** A step of the drill itself, or of a move that it made. */
export interface DrillStep extends StepTaken {
  /** "drill", or the move's kind. */
  of: string;
}

export interface DrillFailure {
  what: string;
  why: string | null;
  /** The command that mends it, as status names it. */
  next: string;
}

/** One time through. Times are milliseconds since 1970. */
export interface DrillRound {
  round: number;
  active: string;
  target: string;
  epochBefore: number;
  /** Null where nobody could say. */
  epochAfter: number | null;
  startedMs: number;
  endedMs: number;
  phases: Phase[];
  steps: DrillStep[];
  figures: Figures;
  objectives: Objective[];
  /** Of all rows in the end; null where they were not compared. */
  rows: Verdict | null;
  loss: LossSeen | null;
  failure: DrillFailure | null;
}

/** What `drill --format json` prints, and what the report is made of. */
export interface DrillDocument {
  apiVersion: typeof apiVersion;
  site: string;
  kind: DrillKind;
  engine: string | null;
  durability: Durability;
  limits: Limits;
  startedAt: string;
  endedAt: string;
  rounds: DrillRound[];
  /** Every objective of every round was measured and kept, and nothing failed on the way. */
  met: boolean;
}

export interface Told {
  site: string;
  kind: DrillKind;
  engine: string | null;
  durability: Durability;
  limits: Limits;
  rounds: DrillRound[];
}

/** The drill document. Throws where there is no round: then there is nothing to tell. */
export function toJson(told: Told): DrillDocument {
  const [first, last] = [told.rounds[0], told.rounds.at(-1)];
  if (first === undefined || last === undefined) throw new Error("a drill without a round");
  const met = told.rounds.every(({ objectives, failure }) => failure === null && areMet(objectives));
  return {
    apiVersion,
    ...told,
    startedAt: new Date(first.startedMs).toISOString(),
    endedAt: new Date(last.endedMs).toISOString(),
    met,
  };
}

/** 14: it stopped half-way. 11: an objective was missed or could not be measured. */
export function drillExitCode({ rounds, met }: Pick<DrillDocument, "rounds" | "met">): ExitCode {
  if (rounds.some(({ failure }) => failure !== null)) return exitCodes.resumable;
  return met ? exitCodes.ok : exitCodes.targetMissed;
}
