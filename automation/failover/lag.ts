import type { DatabaseFacts, Heartbeat, RegionObservation } from "./observation.ts";
import { rightfulOf } from "./writers.ts";

/** Two clocks that were asked one after the other are not said to differ by less. */
const toleratedSkewSeconds = 3;

/**
 * How far each standby is behind, by the heartbeat row as the active database has it and as the standby has it: both
 * times were written by the active region's clock, and both counts by its server, so that the standby's own clock takes no
 * part. Both are as exact as a heartbeat, about a second. Where the active database does not answer, the standby's own
 * reckoning is left, by its own clock; where its heartbeat has stopped, nothing is known.
 */
export function withLag(
  regions: readonly RegionObservation[],
  heartbeatSeconds: number,
): RegionObservation[] {
  const rightful = rightfulOf({ regions });
  const active = regions.find(({ name }) => name === rightful)?.database.facts ?? null;
  return regions.map((region) => {
    const { facts } = region.database;
    if (facts === null || active === null || facts.role !== "standby") return region;
    return {
      ...region,
      database: { ...region.database, facts: { ...facts, ...lagBehind(facts, active, heartbeatSeconds) } },
    };
  });
}

type Lag = Pick<DatabaseFacts, "lagSeconds" | "lagRows" | "lagBytes" | "clockSkewSeconds">;

function lagBehind(standby: DatabaseFacts, active: DatabaseFacts, heartbeatSeconds: number): Lag {
  const [theirs, ours] = [standby.heartbeat, active.heartbeat];
  const { lagSeconds, lagRows, clockSkewSeconds } = standby;
  const lagBytes = bytesBehind(standby.position, active.position);
  const own = { lagSeconds, lagRows, lagBytes, clockSkewSeconds };
  if (theirs === null || ours === null || !isOneWriters(theirs, ours)) return own;
  if (theirs.at === undefined || ours.at === undefined) return own;
  const apart = ours.at - theirs.at;
  // A heartbeat that has stopped tells nothing of what was written since.
  if (ours.ageSeconds > heartbeatSeconds)
    return { lagSeconds: null, lagRows: null, lagBytes, clockSkewSeconds };
  // The standby is asked a moment later, perhaps, and shows a newer row.
  if (apart <= 0)
    return { lagSeconds: 0, lagRows: 0, lagBytes, clockSkewSeconds: skewOf(theirs, ours, apart) };
  return {
    lagSeconds: rounded(apart),
    lagRows: rowsBehind(theirs, ours),
    lagBytes,
    clockSkewSeconds: skewOf(theirs, ours, apart),
  };
}

/** A row of an earlier epoch was counted by another server. */
const isOneWriters = (one: Heartbeat, other: Heartbeat) =>
  one.region === other.region && one.epoch === other.epoch;

/** The server counts from its start: one that was started in between knows nothing of before. */
function rowsBehind(theirs: Heartbeat, ours: Heartbeat): number | null {
  const [from, to] = [theirs.changes ?? null, ours.changes ?? null];
  return from === null || to === null || to < from ? null : to - from;
}

/** Of positions "timeline:high/low" (PostgreSQL's pg_lsn: two hexadecimal halves of 64 bits), on one timeline. */
function bytesBehind(theirs: string | null, ours: string | null): number | null {
  const [from, to] = [theirs, ours].map((text) => /^(\d+):([0-9A-F]+)\/([0-9A-F]+)$/i.exec(text ?? ""));
  if (!from || !to || from[1] !== to[1]) return null;
  const bytes = ([, , high, low]: RegExpExecArray) => BigInt(`0x${high}`) * 2n ** 32n + BigInt(`0x${low}`);
  const apart = bytes(to) - bytes(from);
  return apart > 0n ? Number(apart) : 0;
}

/** By how much the standby's clock is ahead: its row looks that much older there than it is. */
function skewOf(theirs: Heartbeat, ours: Heartbeat, apart: number): number | null {
  const ahead = theirs.ageSeconds - ours.ageSeconds - apart;
  return Math.abs(ahead) > toleratedSkewSeconds ? rounded(ahead) : null;
}

const rounded = (seconds: number) => Math.round(seconds * 1000) / 1000;
