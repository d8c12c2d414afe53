import type { DatabaseFacts, RegionObservation } from "./observation.ts";

/** Seconds after which a heartbeat has stopped: the web tier says by the same that a region is active. */
export function heartbeatLimit(config: { boundedWaitSeconds: number }): number {
  return config.boundedWaitSeconds + 3;
}

/** Running and writable, whatever its role says: whoever can commit a write is a writer. */
export function writes(facts: DatabaseFacts | null): facts is DatabaseFacts {
  return facts?.running === true && facts.writable === true;
}

/** The region's own heartbeat of its own epoch, and fresh. */
export function beats(region: string, facts: DatabaseFacts, heartbeatSeconds: number): boolean {
  const { heartbeat } = facts;
  return (
    heartbeat !== null &&
    heartbeat.region === region &&
    heartbeat.epoch === facts.epoch &&
    heartbeat.ageSeconds <= heartbeatSeconds
  );
}

export interface Writers {
  /** The only writer that may be: role active, the highest epoch known, nobody beside it at that epoch. */
  rightful: string | null;
  /** Every other database that accepts writes, the lowest epoch first. */
  wrong: { name: string; epoch: number }[];
  /** All of them. */
  all: { name: string; epoch: number }[];
}

/** Tells the writers of a site apart. Two at the same epoch are both wrong: no fact says which one to keep. */
export function writersOf(regions: readonly { name: string; facts: DatabaseFacts | null }[]): Writers {
  const highest = Math.max(0, ...regions.map(({ facts }) => facts?.epoch ?? 0));
  const writing = regions.flatMap(({ name, facts }) =>
    writes(facts) ? [{ name, epoch: facts.epoch, role: facts.role }] : [],
  );
  writing.sort((one, other) => one.epoch - other.epoch);
  const best = writing.filter(({ epoch, role }) => epoch === highest && role === "active");
  const rightful = best.length === 1 ? (best[0]?.name ?? null) : null;
  const all = writing.map(({ name, epoch }) => ({ name, epoch }));
  return { rightful, wrong: all.filter(({ name }) => name !== rightful), all };
}

/** The only writer that may be, in a look at the whole site. */
export function rightfulOf({ regions }: { regions: readonly RegionObservation[] }): string | null {
  return writersOf(regions.map(({ name, database }) => ({ name, facts: database.facts }))).rightful;
}
