import type { Attempt } from "../../automation/drill/attempt.ts";
import type { Outage } from "../../automation/drill/outages.ts";
import { percentile } from "../rollout/table.ts";

/** What both arms are measured by. Pure. */

/** After this a write that has not come counts as not having come at all. */
export const giveUpMs = 180_000;

/** A move of the writer on command, both sides up. */
export interface PlannedMove {
  /** The longest time between two acknowledged writes; null where writes did not come back. */
  stallMs: number | null;
  /** Writes that were asked for meanwhile, and those that were refused (nothing was written) or failed. */
  asked: number;
  refused: number;
  failed: number;
}

/** How an old writer came back. */
export interface CameBack {
  /** From the start of its host until it streams; null where it did not within the limit. */
  ms: number | null;
  /** The command's own part of it; null where there is no command. */
  commandMs: number | null;
  way: "rejoin" | "rewind" | "reseed" | "unknown";
}

/** One row of each of the page's tables: an arm in a setting at a distance, over its rounds. */
export interface Measured {
  /** "Patroni 4.0.7, etcd …: defaults: ttl 30 …", "Evenkeel, bounded". */
  what: string;
  engine: string;
  roundTripMs: number;
  rounds: number;
  commit: string;
  machine: string;
  planned: PlannedMove[];
  /** From the command to the first acknowledged write, the active host killed just before. */
  forcedMs: (number | null)[];
  /** From the kill to the first acknowledged write where nobody gives a command; null: it does not move by itself here. */
  automaticMs: (number | null)[] | null;
  back: CameBack[];
  acknowledged: number;
  /** Acknowledged writes that are missing in the end; null where nobody could say. */
  lost: number | null;
}

/** The middle and the 95th of a hundred; null: among those that never came. Throws where nothing was measured. */
export function spread(values: readonly (number | null)[]): { p50: number | null; p95: number | null } {
  const all = values.map((value) => value ?? Number.POSITIVE_INFINITY);
  const at = (percent: number) => {
    const found = percentile(all, percent);
    return Number.isFinite(found) ? found : null;
  };
  return { p50: at(50), p95: at(95) };
}

export function plannedOf({ writesMs, refused, failed }: Outage, asked: number): PlannedMove {
  return { stallMs: writesMs, asked, refused, failed };
}

/** How many were answered, or given up, within a span. */
export const askedIn = (attempts: readonly Pick<Attempt, "answeredMs">[], fromMs: number, toMs: number) =>
  attempts.filter(({ answeredMs }) => answeredMs > fromMs && answeredMs <= toMs).length;

/** A run is known by these: a later one of the same kind replaces it. */
export function keyOf({ what, engine, roundTripMs }: Measured): string {
  const words = `${what} ${engine} ${roundTripMs}ms`.toLowerCase();
  return words.replaceAll(/[^a-z0-9.]+/g, "-").slice(0, 120);
}
