import { type Grant, lostGrant } from "./granted.ts";
import type { Commands } from "./next.ts";
import type { Observation, RegionObservation } from "./observation.ts";
import { type Writers, writersOf } from "./writers.ts";

/** One thing that is wrong, with the command that mends it (null where only time or a later command does). */
export interface Problem {
  code:
    | "two-writers"
    | "writer-outdated"
    | "writer-not-active"
    | "heartbeat-silent"
    | "standby-lagging"
    | "clock-skew"
    | "region-not-built"
    | "machine-missing"
    | "machine-stopped"
    | "database-silent"
    | "database-down"
    | "active-read-only"
    | "standby-not-replicating"
    | "standby-without-tls"
    | "unseeded"
    | "fenced"
    | "fence-unfinished"
    | "web-down"
    | "service-stopped"
    | "gate-wrong"
    | "cron-stopped"
    | "uploads-missing"
    | "store-down"
    | "cache-down"
    | "third-place"
    | "etcd-member"
    | "restart-needed";
  what: string;
  next: string | null;
}

/** What every judgement of one part needs of the whole. */
export interface Context {
  observation: Observation;
  writers: Writers;
  /** Highest epoch that any database told; null when none did. */
  epoch: number | null;
  /** A writer after that epoch, whose database was lost; null where no host knows of one. */
  lost: Grant | null;
  commands: Commands;
}

export function contextOf(observation: Observation, commands: Commands): Context {
  const known = observation.regions.map(({ name, database, web }) => ({ name, facts: database.facts, web }));
  const epoch = highestEpoch(observation.regions);
  return {
    observation,
    writers: writersOf(known),
    epoch,
    lost: lostGrant(known, observation.seenWriter),
    commands,
  };
}

function highestEpoch(regions: readonly RegionObservation[]): number | null {
  const known = regions.flatMap(({ database }) => (database.facts === null ? [] : [database.facts.epoch]));
  return known.length === 0 ? null : Math.max(...known);
}

/** Provision mends a place whose machines are gone or stopped; where they all run, it is something on one of them. */
export function mendOr({ observation, commands }: Context, stack: string, command: string): string {
  const known = observation.machines?.some((machine) => machine.stack === stack) ?? false;
  return known ? commands.provision : command;
}
