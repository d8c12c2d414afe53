import { type Attempt, isAcknowledged, outcomeOf } from "./attempt.ts";
import { type Outage, outagesOf, type Phase } from "./outages.ts";

/** A move of the writer: to whom, and when it was ordered. */
export interface Turn {
  region: string;
  commandedMs: number;
}

/** All that the figures are made of. Times are milliseconds since 1970. */
export interface Seen {
  attempts: readonly Attempt[];
  endedMs: number;
  phases: readonly Phase[];
  turns: readonly Turn[];
  /** Which region answers at an address. */
  regionOf: Readonly<Record<string, string>>;
  /** Ids of the client's orders that the writer holds in the end; null where nobody could be asked. */
  found: ReadonlySet<string> | null;
  /** Units that the client's item lost; null where nobody could be asked. */
  stockTaken: number | null;
}

export interface Answers {
  p50: number;
  p95: number;
}

/** Null: not known, or not measured. */
export interface Figures {
  /** Different orders that were asked for, those that were acknowledged, and all attempts at them. */
  orders: { asked: number; acknowledged: number; attempts: number };
  outages: Outage[];
  /** Acknowledged orders that are missing in the end, and from the first of their acknowledgements to the last. */
  rpoRows: number | null;
  rpoSeconds: number | null;
  lost: string[] | null;
  /** Units of stock that were taken beyond the orders that are there: an order that was written twice. */
  doubled: number | null;
  /** Ids to which 201 was answered more than once: each is "written", and only one can be. */
  writtenTwice: string[];
  /** Writes through the public name, and reads, that failed, by status; "none": no answer. Refusals (503) apart. */
  failed: { writes: Record<string, number>; reads: Record<string, number> };
  refused: { withRetryAfter: number; withoutRetryAfter: number };
  /** Writes that a region acknowledged after another one, which had been made the writer, had acknowledged its first. */
  late: { pinned: number; all: number };
  /** What the connection that stayed with the old address met while another region was the writer. */
  pinned: { asked: number; refused: number; acknowledged: number; unanswered: number };
  /** Milliseconds that acknowledged orders took, before the first phase and behind the first acknowledgement in it. */
  answerMs: { before: Answers | null; after: Answers | null };
}

export function figuresOf(seen: Seen): Figures {
  const { attempts, phases, endedMs } = seen;
  const writes = attempts.filter(({ kind }) => kind !== "read");
  const outages = outagesOf(attempts, phases, endedMs);
  const through = attempts.filter(({ kind }) => kind === "order");
  const refused = through.filter((attempt) => outcomeOf(attempt) === "refused");
  return {
    orders: countOrders(writes),
    outages,
    ...lossOf(writes, seen.found),
    doubled: seen.found === null || seen.stockTaken === null ? null : seen.stockTaken - seen.found.size,
    writtenTwice: twiceWritten(writes),
    failed: {
      writes: byStatus(through.filter((one) => !isAcknowledged(one) && outcomeOf(one) !== "refused")),
      reads: byStatus(attempts.filter(({ kind, status }) => kind === "read" && status !== 200)),
    },
    refused: {
      withRetryAfter: refused.filter(({ retryAfter }) => retryAfter).length,
      withoutRetryAfter: refused.filter(({ retryAfter }) => !retryAfter).length,
    },
    ...ofOldWriters(writes, seen),
    answerMs: answersAround(through.filter(isAcknowledged), outages, phases),
  };
}

function countOrders(writes: readonly Attempt[]): Figures["orders"] {
  const ids = (some: readonly Attempt[]) => new Set(some.map(({ id }) => id)).size;
  return { asked: ids(writes), acknowledged: ids(writes.filter(isAcknowledged)), attempts: writes.length };
}

function lossOf(
  writes: readonly Attempt[],
  found: ReadonlySet<string> | null,
): Pick<Figures, "rpoRows" | "rpoSeconds" | "lost"> {
  if (found === null) return { rpoRows: null, rpoSeconds: null, lost: null };
  const missing = writes.filter((one) => isAcknowledged(one) && one.id !== null && !found.has(one.id));
  const times = missing.map(({ answeredMs }) => answeredMs).sort((one, other) => one - other);
  const lost = [...new Set(missing.map(({ id }) => id as string))].sort();
  const rpoSeconds = times.length === 0 ? 0 : ((times.at(-1) as number) - (times[0] as number)) / 1000;
  return { rpoRows: lost.length, rpoSeconds, lost };
}

function twiceWritten(writes: readonly Attempt[]): string[] {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { id, status } of writes) {
    if (status !== 201 || id === null) continue;
    if (seen.has(id)) twice.add(id);
    seen.add(id);
  }
  return [...twice].sort();
}

function byStatus(attempts: readonly Attempt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of attempts) {
    const name = status === 0 ? "none" : String(status);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** A span in which exactly one region may acknowledge: from its own first acknowledgement until the next order to move. */
interface Reign {
  region: string;
  fromMs: number;
  toMs: number;
}

function reignsOf(writes: readonly Attempt[], { turns, regionOf, endedMs }: Seen): Reign[] {
  return turns.flatMap(({ region, commandedMs }, i) => {
    const toMs = turns[i + 1]?.commandedMs ?? endedMs;
    const own = writes.filter(
      (one) =>
        isAcknowledged(one) &&
        regionAt(one, regionOf) === region &&
        one.sentMs >= commandedMs &&
        one.answeredMs <= toMs,
    );
    return own.length === 0
      ? []
      : [{ region, fromMs: Math.min(...own.map(({ answeredMs }) => answeredMs)), toMs }];
  });
}

const regionAt = ({ address }: Attempt, regionOf: Seen["regionOf"]) =>
  address === null ? null : (regionOf[address] ?? null);

function ofOldWriters(writes: readonly Attempt[], seen: Seen): Pick<Figures, "late" | "pinned"> {
  const reigns = reignsOf(writes, seen);
  const others = writes.filter((one) =>
    reigns.some(
      ({ region, fromMs, toMs }) =>
        one.answeredMs > fromMs && one.answeredMs <= toMs && regionAt(one, seen.regionOf) !== region,
    ),
  );
  const late = others.filter(isAcknowledged);
  const pinned = others.filter(({ kind }) => kind === "pinned");
  const count = (outcome: ReturnType<typeof outcomeOf>) =>
    pinned.filter((one) => outcomeOf(one) === outcome).length;
  const [refused, acknowledged] = [count("refused"), count("acknowledged")];
  return {
    late: { pinned: late.filter(({ kind }) => kind === "pinned").length, all: late.length },
    pinned: {
      asked: pinned.length,
      refused,
      acknowledged,
      unanswered: pinned.length - refused - acknowledged,
    },
  };
}

function answersAround(
  acknowledged: readonly Attempt[],
  outages: readonly Outage[],
  phases: readonly Phase[],
): Figures["answerMs"] {
  const begin = phases[0]?.fromMs ?? null;
  if (begin === null) return { before: answers(acknowledged), after: null };
  const back = outages[0]?.writesGap?.toMs ?? null;
  return {
    before: answers(acknowledged.filter(({ answeredMs }) => answeredMs <= begin)),
    after: back === null ? null : answers(acknowledged.filter(({ sentMs }) => sentMs > back)),
  };
}

function answers(attempts: readonly Attempt[]): Answers | null {
  const took = attempts
    .map(({ sentMs, answeredMs }) => answeredMs - sentMs)
    .sort((one, other) => one - other);
  if (took.length === 0) return null;
  return { p50: nearestRank(took, 50), p95: nearestRank(took, 95) };
}

/** The least value that is no smaller than `percent` of all: no figure that was never measured. */
export function nearestRank(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] as number;
}
