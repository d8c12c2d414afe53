import type { DatabaseFacts, WebObservation } from "./observation.ts";

/** What the hosts of one region know of the site's epochs. */
export interface RegionKnowledge {
  name: string;
  /** Null where the database host can't be asked. */
  facts: Pick<DatabaseFacts, "role" | "epoch" | "heartbeat"> | null;
  web: readonly Pick<WebObservation, "host" | "epoch" | "why">[];
}

/** That a region was the writer at an epoch, and the host that tells it. */
export interface Grant {
  region: string;
  epoch: number;
  host: string;
}

/** The newest epoch whose data a database holds: its own, or that of the heartbeat which was replicated to it. */
export function epochHeld(facts: RegionKnowledge["facts"]): number {
  return Math.max(facts?.epoch ?? 0, facts?.heartbeat?.epoch ?? 0);
}

/**
 * The newest epoch for which a gate was opened, where no database that answers knows of it: that region was the
 * writer, its database was lost, and what it took is nowhere else. Null where there is none. A web host outlives its
 * database's machine, so it may be the last to know (writer.md, W1: "none with a newer epoch"); `seen` is the newest
 * writer that was ever seen from outside, which outlives a whole region.
 */
export function lostGrant(regions: readonly RegionKnowledge[], seen: Grant | null = null): Grant | null {
  const held = Math.max(0, ...regions.map(({ facts }) => epochHeld(facts)));
  const grants = regions.flatMap(({ name, web }) =>
    web.map(({ host, epoch }) => ({ region: name, epoch: epoch ?? 0, host })),
  );
  if (seen !== null) grants.push(seen);
  const beyond = grants.filter(({ epoch }) => epoch > held);
  return beyond.sort((one, other) => other.epoch - one.epoch)[0] ?? null;
}

/** The next epoch that no host has seen: an epoch is granted once (writer.md, W7). */
export function nextEpoch(regions: readonly RegionKnowledge[], seen: Grant | null = null): number {
  const known = regions.flatMap(({ facts, web }) => [
    epochHeld(facts),
    ...web.map(({ epoch }) => epoch ?? 0),
  ]);
  return Math.max(seen?.epoch ?? 0, ...known) + 1;
}

/**
 * Why it can't be told up to which epoch a region was the writer: its database is a new one, and a web host of it is
 * silent. Empty where everybody who may know has answered.
 */
export function untoldEpochs(regions: readonly RegionKnowledge[]): string[] {
  return regions.flatMap(({ name, facts, web }) =>
    facts?.role === "unseeded" && facts.epoch === 0
      ? web
          .filter(({ epoch }) => epoch === null)
          .map(
            ({ host, why }) =>
              `the database of ${name} is new and ${host} can't be asked for its epoch: ${why}`,
          )
      : [],
  );
}
