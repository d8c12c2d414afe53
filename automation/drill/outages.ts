import { type Attempt, isAcknowledged } from "./attempt.ts";

/** A part of a drill in which the site was disturbed: from the fault or the command on, until the next part began. */
export interface Phase {
  /** "fault", "switchover", "failback" */
  name: string;
  /** Planned: both regions were up and an operator moved the site. */
  planned: boolean;
  fromMs: number;
}

/** What visitors met in one part. Null: nothing was acknowledged (or could be read) in it any more. */
export interface Outage {
  name: string;
  planned: boolean;
  /** The longest time between two acknowledged orders through the public name. */
  writesMs: number | null;
  /** The same of pages that were answered 200. */
  readsMs: number | null;
  /** Where the longest time without an acknowledged order began and ended; null where it never ended. */
  writesGap: Gap | null;
  /** Orders through the public name that were refused with 503, and those to which no answer or another error came. */
  refused: number;
  failed: number;
}

export interface Gap {
  fromMs: number;
  toMs: number;
}

/**
 * One outage a phase. RTO as facts and issues have it: from the last acknowledged write before to the first one behind,
 * through the public name; the longest of these that ends within the phase.
 */
export function outagesOf(attempts: readonly Attempt[], phases: readonly Phase[], endedMs: number): Outage[] {
  const orders = attempts.filter(({ kind }) => kind === "order");
  const acknowledged = timesOf(orders.filter(isAcknowledged));
  const readable = timesOf(attempts.filter(({ kind, status }) => kind === "read" && status === 200));
  return phases.map(({ name, planned, fromMs }, i) => {
    const toMs = phases[i + 1]?.fromMs ?? endedMs;
    const within = orders.filter(({ answeredMs }) => answeredMs > fromMs && answeredMs <= toMs);
    const writesGap = longestGap(acknowledged, { fromMs, toMs });
    const readsGap = longestGap(readable, { fromMs, toMs });
    const refused = within.filter(({ status }) => status === 503).length;
    return {
      name,
      planned,
      writesMs: writesGap && writesGap.toMs - writesGap.fromMs,
      readsMs: readsGap && readsGap.toMs - readsGap.fromMs,
      writesGap,
      refused,
      failed: within.filter((order) => !isAcknowledged(order)).length - refused,
    };
  });
}

function timesOf(attempts: readonly Attempt[]): number[] {
  return attempts.map(({ answeredMs }) => answeredMs).sort((one, other) => one - other);
}

/**
 * The longest gap between consecutive times that ends within `fromMs`..`toMs`. Null where no time lies in there: it
 * did not end. One that is still open at `toMs` counts as far as it was seen.
 */
export function longestGap(times: readonly number[], { fromMs, toMs }: Gap): Gap | null {
  const inside = times.filter((time) => time > fromMs && time <= toMs);
  if (inside.length === 0) return null;
  const before = times.filter((time) => time <= fromMs).at(-1) ?? fromMs;
  const ends = [before, ...inside, toMs];
  const gaps = ends.slice(1).map((end, i) => ({ fromMs: ends[i] as number, toMs: end }));
  return gaps.reduce((longest, gap) =>
    gap.toMs - gap.fromMs > longest.toMs - longest.fromMs ? gap : longest,
  );
}
