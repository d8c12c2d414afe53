import type { Unsettled } from "../verify/model.ts";
import type { EtcdFacts, Observation, RegionObservation } from "./observation.ts";
import type { Return } from "./returning.ts";

/**
 * The moves of a site as a table. Pure: what is left to do follows from what is seen, so a move that was cut anywhere is
 * planned again like a first one (decision 12). docs/states.md and the run-book's steps are written from these rows.
 */
export interface Row {
  name: StepName;
  region: string;
  /** The sentence of help, dry run, journal and run-book. */
  why: string;
  act: Act;
  /** Whether the observation shows that there is nothing left of it to do. */
  isDone: (seen: Observation) => boolean;
  /** Why it can't be done and need not be; null: nothing keeps it. Left out: nothing ever does. */
  skips?: (seen: Observation) => string | null;
  /** Seconds for the act, and again for what it leads to. */
  deadlineSeconds: number;
  /** The move goes on where it fails: what it is good for is proved by a later row. */
  mayFail?: true;
  /** Its host waits for what the row before it gives up, so that it may begin before that is done. */
  ahead?: true;
}

export const stepNames = [
  "fence",
  "hold",
  "demote",
  "compare",
  "promote",
  "traffic",
  "return",
  "protect",
] as const;
export type StepName = (typeof stepNames)[number];

/** What a row does: a verb of a host, or nothing but waiting for what keepers and balancers do by themselves. */
export type Act =
  | { do: "demote" | "fence"; region: string }
  /** At the edge, until `region` may write. */
  | { do: "hold"; region: string; seconds: number }
  /** Rows of the old writer, which is closed, with those of `region`. */
  | { do: "compare"; from: string; region: string; rows: readonly Unsettled[] }
  | { do: "return"; region: string; method: Return["method"] | null }
  | { do: "promote"; region: string; epoch: number; byForce: boolean; confirmedOff: readonly string[] }
  | { do: "wait" };

export type MoveRequest =
  | { kind: "switchover"; from: string; to: string }
  | { kind: "failover"; from: string | null; to: string; byForce: boolean; confirmedOff: readonly string[] }
  /** `method`: the operator's choice; null: what the region's history allows. */
  | { kind: "reinstate"; region: string; writer: string; method: Return["method"] | null };

/** All rows of a move, done or not, in order. */
export function rowsOf(request: MoveRequest, seen: Observation): Row[] {
  switch (request.kind) {
    case "switchover": {
      const { from, to } = request;
      const epoch = epochFor(to, seen);
      const promotion = promote(to, { epoch, byForce: false, confirmedOff: [] }, plannedSeconds);
      const closing = [hold(from, to), demote(from, to)];
      return [...closing, promotion, traffic(to), comeBack(from, to, null), protect(from, to)];
    }
    case "failover": {
      const { from, to, byForce, confirmedOff } = request;
      const promotion = promote(to, { epoch: epochFor(to, seen), byForce, confirmedOff });
      return [...(from === null ? [] : [fence(from, to)]), promotion, traffic(to)];
    }
    case "reinstate":
      return [
        comeBack(request.region, request.writer, request.method),
        protect(request.region, request.writer),
      ];
  }
}

/** The rows that are left to do. */
export function leftOf(rows: readonly Row[], seen: Observation): Row[] {
  return rows.filter((row) => !row.isDone(seen) && (row.skips?.(seen) ?? null) === null);
}

/** Those of the rows that were asked for alone; none named: all. */
export function onlyRows(rows: readonly Row[], only: readonly string[]): Row[] {
  return rows.filter(({ name }) => only.length === 0 || only.includes(name));
}

/** An epoch is granted once (writer.md, W7): the one that this region has claimed already, or the next. */
function epochFor(to: string, seen: Observation): number {
  return epochOf(seen, to) ?? (keysOf(seen)?.epoch ?? 0) + 1;
}

/** A planned move takes seconds, PostgreSQL's up to ten; who waits longer at the edge goes on, and is refused. */
const holdSeconds = 15;

function hold(region: string, to: string): Row {
  return {
    name: "hold",
    region,
    why: "The edge lets requests that may write wait until the new writer is there, so that none is refused",
    act: { do: "hold", region: to, seconds: holdSeconds },
    isDone: (seen) => isWriter(seen, to) || isClosed(seen, region),
    skips: (seen) => (seen.thirdPlace?.edge === true ? null : "the edge does not answer"),
    deadlineSeconds: 3,
    mayFail: true,
  };
}

function demote(region: string, to: string): Row {
  return {
    name: "demote",
    region,
    why: "The old writer's database is closed, so that nothing is acknowledged that the other region lacks",
    act: { do: "demote", region },
    isDone: (seen) => isWriter(seen, to) || isClosed(seen, region),
    deadlineSeconds: 30,
  };
}

function fence(region: string, to: string): Row {
  return {
    name: "fence",
    region,
    why: "The lost writer's database is closed where it can still be reached",
    act: { do: "fence", region },
    isDone: (seen) => isWriter(seen, to) || isClosed(seen, region),
    // What proves that it writes no more is the promotion's own business.
    skips: (seen) =>
      factsOf(seen, region) === null
        ? `it can't be asked: ${regionOf(seen, region)?.database.why ?? "no answer"}`
        : null,
    deadlineSeconds: 20,
    mayFail: true,
  };
}

/**
 * The rows with a comparison of what changed too often to be compared before, where there is any: behind the closing nothing
 * changes. It is in no plan that is made beforehand, since only the proof finds such rows.
 */
export function withComparison(
  rows: readonly Row[],
  left: readonly Unsettled[],
  { from, to }: { from: string; to: string },
): Row[] {
  if (left.length === 0) return [...rows];
  const comparison: Row = {
    name: "compare",
    region: to,
    why: "Rows that changed too often to be compared before are compared, now that nothing changes",
    act: { do: "compare", from, region: to, rows: left },
    isDone: (seen) => isWriter(seen, to),
    deadlineSeconds: 20,
  };
  return rows.flatMap((row) => (row.name === "promote" ? [comparison, row] : [row]));
}

/** Planned: the old writer is well, and gets its writes back where this one does not open. Forced: nobody else is there. */
const [plannedSeconds, forcedSeconds] = [20, 60];

function promote(
  region: string,
  options: { epoch: number; byForce: boolean; confirmedOff: readonly string[] },
  deadlineSeconds = forcedSeconds,
): Row {
  return {
    name: "promote",
    region,
    why: "The new writer takes the lease, applies all that it has received, and opens",
    act: { do: "promote", region, ...options },
    isDone: (seen) => isWriter(seen, region) && factsOf(seen, region)?.writable === true,
    deadlineSeconds,
    ...(options.byForce ? {} : { ahead: true }),
  };
}

function traffic(region: string): Row {
  return {
    name: "traffic",
    region,
    why: "Edge and DNS send people to the region that says that it may write",
    act: { do: "wait" },
    isDone: (seen) => regionOf(seen, region)?.http.active === true && seen.thirdPlace?.servesWrites === true,
    deadlineSeconds: 30,
  };
}

function comeBack(region: string, writer: string, method: Return["method"] | null): Row {
  return {
    name: "return",
    region,
    why: "The old writer follows the new one, by the way that its history allows",
    act: { do: "return", region, method },
    isDone: (seen) => {
      const facts = factsOf(seen, region);
      const follows = facts?.role === "standby" && facts.source === writer && facts.replicating === true;
      // In the clear, or from whoever says so, it is joined anew.
      return follows && facts.tls === true;
    },
    deadlineSeconds: 3600,
  };
}

function protect(region: string, writer: string): Row {
  return {
    name: "protect",
    region,
    why: "It joins the sync set, so that what is acknowledged outlives the active region again",
    act: { do: "wait" },
    isDone: (seen) => {
      const keys = keysOf(seen);
      if (factsOf(seen, region)?.role !== "standby") return false;
      if ((keys?.durability ?? seen.durability) === "async") return keys !== null;
      return keys?.sync?.includes(region) === true && keys.sync.includes(writer);
    },
    deadlineSeconds: 60,
  };
}

export function regionOf(seen: Observation, name: string): RegionObservation | null {
  return seen.regions.find((region) => region.name === name) ?? null;
}

export function factsOf(seen: Observation, name: string) {
  return regionOf(seen, name)?.database.facts ?? null;
}

export function keysOf(seen: Observation): EtcdFacts | null {
  return seen.etcd?.keys ?? null;
}

/** The epoch at which a region has the lease; null where it has none, or etcd does not say. */
export function epochOf(seen: Observation, name: string): number | null {
  const writer = keysOf(seen)?.writer ?? null;
  return writer?.region === name ? writer.epoch : null;
}

/** etcd and the database itself agree. */
function isWriter(seen: Observation, name: string): boolean {
  const facts = factsOf(seen, name);
  return facts?.role === "active" && facts.epoch === epochOf(seen, name);
}

/** Its own answer: what is read-only with the active role opens again by itself. */
export function isClosed(seen: Observation, name: string): boolean {
  const facts = factsOf(seen, name);
  return facts !== null && (facts.role === "fenced" || facts.role === "standby") && facts.writable !== true;
}
