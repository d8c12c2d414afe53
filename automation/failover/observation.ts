import type { Durability } from "../keeper/store.ts";
import type { Move, SiteLockRecord } from "../remote/operator-keys.ts";

/**
 * What is known of a site at one moment. A fact that could not be had is null, never a guess: `why` says what was
 * tried. Pure, so that decisions can be made and tested without a host.
 */
export interface Observation {
  site: string;
  /** The stable address of the site (the edge's in the lab); null while there is none. */
  url: string | null;
  dns: { server: string; port: number; name: string } | null;
  regions: RegionObservation[];
  thirdPlace: ThirdPlaceObservation | null;
  /** Null where no host of the site is there that has a member. */
  etcd: EtcdObservation | null;
  /** As the site's files say; what etcd says goes before it. */
  durability: Durability;
  /** A heartbeat older than this has stopped: the bounded wait and three seconds (health rule of /evenkeel/active). */
  heartbeatSeconds: number;
  /** `evenkeel:cooldownSeconds` (cooldown.ts). */
  cooldownSeconds: number;
  /** Machines that the state knows but the provider has not, or not running. Null where the provider can't be asked. */
  machines: MachineProblem[] | null;
  /** The newest writer that this clone ever saw, and the host that told it; left out where nobody keeps that. */
  seenWriter?: { region: string; epoch: number; host: string } | null;
}

export interface RegionObservation {
  name: string;
  /** The region's stack has outputs: its hosts were made. */
  built: boolean;
  url: string | null;
  http: { live: boolean | null; ready: boolean | null; active: boolean | null };
  /** What the web host that was asked said against being ready; empty where it said nothing. */
  notReady: string[];
  database: DatabaseObservation;
  web: WebObservation[];
  /** Null where the region has no object store. `reachable` as its gateway sees it; null where that can't be asked. */
  store: { endpoint: string; reachable: boolean | null } | null;
  /** Null where the region has no object cache. `reachable` as a web host sees it; null where none can be asked. */
  cache: { reachable: boolean | null } | null;
}

/** A region whose stack has made nothing yet. */
export function unbuiltRegion(name: string): RegionObservation {
  const http = { live: null, ready: null, active: null };
  const database = { host: null, engine: null, facts: null, why: "not built" };
  return { name, built: false, url: null, http, notReady: [], database, web: [], store: null, cache: null };
}

export interface DatabaseObservation {
  /** The machine's name. */
  host: string | null;
  engine: string | null;
  facts: DatabaseFacts | null;
  why: string | null;
}

export interface Heartbeat {
  region: string;
  epoch: number;
  /** By the clock of the host that was asked. */
  ageSeconds: number;
  /** By the writer's clock, in seconds since 1970. Older hosts don't say it. */
  at?: number | undefined;
  /** Rows that the writer's server had changed until then; null where that is not known. Older hosts don't say it. */
  changes?: number | null | undefined;
}

/** The part of `evenkeel-db status` that decisions use. */
export interface DatabaseFacts {
  role: Role;
  epoch: number;
  running: boolean;
  writable: boolean | null;
  position: string | null;
  lagSeconds: number | null;
  /** Rows that the active database has changed and this one not applied yet (lag.ts). */
  lagRows: number | null;
  /** Bytes of PostgreSQL's log between the two; null of an engine that counts none. */
  lagBytes: number | null;
  replicating: boolean | null;
  replicationError: string | null;
  /** Region that it follows (or an address that is no region's), and whether its certificate is checked. */
  source: string | null;
  tls: boolean | null;
  /** The one row that the active region renews each second. Null where it can't be read. */
  heartbeat: Heartbeat | null;
  /** How far the clocks of source and host are apart where that was seen (lag.ts; + is ahead). */
  clockSkewSeconds: number | null;
  restartNeeded: boolean;
  /** What of a copy that is under way has arrived; null where none is. */
  seeding: { bytes: number; bytesPerSecond: number } | null;
  /** A fence began there and has not ended, perhaps cut short. */
  fencing: boolean;
  /** It was the active one, and its keeper alone fenced it. */
  mayReturn?: boolean | undefined;
  /** Its keeper is there and does not run: nobody renews a lease, lets a standby receive or fences. */
  keeperStopped?: boolean | undefined;
  /** Of the engine. */
  version: string | null;
}

export type Role = "active" | "standby" | "fenced" | "unseeded";

export interface WebObservation {
  host: string;
  gate: "open" | "closed" | null;
  epoch: number | null;
  versions: WebVersions;
  /** Whether scheduled tasks run; null where that is not known. */
  cron: "active" | "inactive" | null;
  /** False where the volume of the uploads is not mounted; null where that is not known. */
  uploadsThere: boolean | null;
  /** Units of its web tier that do not run; empty also where that is not known. */
  stopped: string[];
  /** What the host warns of though it works as configured. */
  warning: string | null;
  why: string | null;
}

/** Of what a web host runs; null where one is not known. */
export interface WebVersions {
  nginx: string | null;
  php: string | null;
  wordpress: string | null;
  /** The database's client. */
  client: string | null;
}

export interface ThirdPlaceObservation {
  reachable: boolean;
  edge: boolean | null;
  /** The public name leads to a region that says that it may write. Left out where nobody asked. */
  servesWrites?: boolean;
  dns: boolean | null;
  /** Its member of etcd answers with a majority; null where its host has none yet. */
  witness: boolean | null;
}

/** One place's member of etcd, as its host tells. */
export interface EtcdMember {
  /** The host's id, e.g. "primary/gateway". */
  host: string;
  /** The stack that makes the host. */
  stack: string;
  /** Well: it answered with a majority. Failed: its host says why not. Absent: its host has no etcd yet. */
  state: "well" | "failed" | "absent" | "silent";
  why: string | null;
}

export interface EtcdObservation {
  members: EtcdMember[];
  /** Null where no member answered with a majority. */
  keys: EtcdFacts | null;
}

/** The part of etcd's keys that decisions use (keeper/store.ts). */
export interface EtcdFacts {
  /** The last that was granted; null before the first birth. */
  epoch: number | null;
  writer: { region: string; epoch: number } | null;
  /**
   * How old the writer's last renewal is at most. Etcd keeps no times, so the writer is watched for a second: null where
   * no renewal was seen meanwhile (it may renew less often, or not at all any more), or where nobody holds the lease.
   */
  leaseAgeSeconds: number | null;
  /** Regions that hold every acknowledged transaction; null before the first birth. */
  sync: readonly string[] | null;
  /** The operator's; null: as the site was configured at birth. */
  durability: Durability | null;
  /** Nothing is promoted by itself, until `pausedUntil` (UTC; null also where a pause has no end). */
  paused: boolean;
  pausedUntil: string | null;
  /** Who changes the site, and the region that shall be active behind that; null: nobody. */
  lock: SiteLockRecord | null;
  /** The last moves, the newest last. */
  history: readonly Move[];
  /** When an operator last acknowledged a failover (UTC), and the run of that failover. */
  ackAt: string | null;
  ackedRun: string | null;
}

export interface MachineProblem {
  id: string;
  name: string;
  /** The stack whose resource makes the machine. */
  stack: string;
  urn: string;
  state: "missing" | "stopped";
}
