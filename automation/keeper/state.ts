import type { Change, Durability, Store, SyncSet, Versioned, Writer } from "./store.ts";

/** What one keeper is told once. Times are milliseconds of the host's own clock (CLOCK_BOOTTIME). */
export interface KeeperConfig {
  region: string;
  /** The other regions that have a database. */
  peers: readonly string[];
  /** T: a challenger may claim what has stayed unchanged for so long. */
  leaseMs: number;
  /** i: the holder renews so often, everybody else looks. */
  renewMs: number;
  /** D: without a renewal sent since then, gate and port are closed. */
  softMs: number;
  /** Open for writes without a lease for longer than this: the database itself is closed (read-only). */
  hardMs: number;
  /** An unanswered question counts as unknown after this. */
  answerMs: number;
  boundedWaitMs: number;
  /** As the site was configured; what etcd says goes before it. */
  durability: Durability;
  /** How many standbys acknowledge: 1 of MariaDB, which can't say of whom an acknowledgement is (W11). */
  mostAckers: number;
  /** A database that does not answer for so long gets no renewals any more: it is not coming back by itself. */
  restartMs: number;
  /** A fence that began so long ago and has not ended was cut short. */
  fenceMs: number;
  /** A standby that could not be added, or does not receive, is tried again after this: each try lets commits wait for it. */
  addAgainMs: number;
  /** Whether this keeper may promote by itself. */
  armed: boolean;
}

/** What `evenkeel-db` says of this host's database. */
export interface DatabaseFacts {
  role: "active" | "standby" | "fenced" | "unseeded";
  epoch: number;
  /** It was the active one and was closed by its keeper alone: no operator wants it closed. */
  mayReturn: boolean;
  /** The server answers. */
  running: boolean;
  /** It accepts writes. */
  open: boolean;
  /** Age of the oldest commit that waits for an acknowledgement; 0: none waits. */
  waitingMs: number;
  /** Whom the server lets commits wait for; null: unknown, or not as a verb left it. */
  waits: readonly string[] | null;
  /** Regions that receive from here and are close behind. */
  followers: readonly string[];
  /** A birth or a fence has begun there and not ended: under way, or cut short. A demotion is under way. */
  begun: "birth" | "fence" | "demote" | null;
  /** The region that its receiver is set to and on, whether or not it has a connection now. */
  receivesFrom: string | null;
}

/** The verbs of `evenkeel-db` that a keeper asks for. Each is idempotent and names the epoch it is meant for. */
export type Verb =
  /** Hard: nothing of this epoch is acknowledged any more; the role is fenced. */
  | { name: "fence" }
  /** Read-only, with its role. */
  | { name: "close"; epoch: number }
  /** These and only these acknowledge commits, and a commit waits for them; none: no commit waits. */
  | { name: "sync"; epoch: number; regions: readonly string[] }
  /** Proves that the region is there and has received what this database holds now. */
  | { name: "reach"; epoch: number; region: string }
  /** Commits a marker and waits until the region has received it. */
  | { name: "mark"; epoch: number; region: string }
  | { name: "receive" }
  /** Stops receiving, applies everything received and proves it, clears replication, writes the role. */
  | { name: "prepare"; epoch: number }
  /** Accepts writes, commits waiting for these. */
  | { name: "open"; epoch: number; regions: readonly string[] };

export type Effect =
  /** The change (null: nothing), and in the same transaction a look at the whole store. */
  | { do: "ask"; id: number; change: Change | null }
  | { do: "run"; id: number; verb: Verb }
  /** The database's port is open until then, unless it is said again. */
  | { do: "port"; untilMs: number };

export type Event =
  | { is: "tick" }
  /** `askedMs`: when the database was asked; what it was before a verb ended says nothing of what it is. */
  | { is: "facts"; facts: DatabaseFacts; askedMs: number }
  /** Of an `ask`: done, refused by what it compared, or unknown. The store as it was behind the change. */
  | { is: "answer"; id: number; outcome: "done" | "refused"; store: Store }
  | { is: "answer"; id: number; outcome: "unknown" }
  /** Of a `run`: whether it did all that it was asked for. */
  | { is: "ended"; id: number; ok: boolean }
  /** An operator's promotion of this region, as it stands now; null: there is none. */
  | { is: "wanted"; wanted: Wanted | null };

/** An operator wants this region to be the writer at that epoch, where the lease may be claimed until then. */
export interface Wanted {
  epoch: number;
  untilMs: number;
}

/** A sequence of asks and verbs, one outstanding at a time. A step that fails ends it; what is needed is begun anew. */
export type Work =
  | { name: "fence" | "close" }
  | { name: "reopen"; step: "put"; writer: Writer }
  | { name: "claim"; step: "claim" | "prepare" | "put" | "give-back"; writer: Writer }
  | { name: "reopen" | "claim"; step: "open"; writer: Writer; regions: readonly string[] }
  | { name: "receive"; step: "leave" | "start" }
  /** `opens`: what an earlier keeper's verb left undone may be more than the wait. */
  | { name: "settle"; step: "put"; opens: boolean }
  | { name: "settle"; step: "wait"; regions: readonly string[] }
  | { name: "add"; step: "reach" | "wait" | "look"; region: string }
  | { name: "add"; step: "mark" | "put"; region: string; read: Versioned<SyncSet> };

export interface KeeperState {
  /** The latest store that was seen. */
  store: Store | null;
  /** The store was heard then. */
  heardMs: number;
  /** Writer or sync set were first seen to be as they are then. */
  changedMs: number;
  facts: DatabaseFacts | null;
  /** The database was asked for these then. */
  askedMs: number;
  /** This keeper runs since then; a host that slept for longer than its lease begins anew. */
  awakeMs: number | null;
  /** It was last told something then. */
  toldMs: number | null;
  /** The last verb ended then: what is known from before counts no more. */
  endedMs: number;
  /** `facts` are of behind that. */
  fresh: boolean;
  /** A fence was first told as begun then; null: none is. */
  fencingMs: number | null;
  /** The database was last known to answer then. */
  answeredMs: number | null;
  /** When etcd was last asked in turn. */
  polledMs: number | null;
  /** Looks and renewals under way. */
  polls: readonly { id: number; sentMs: number; writer: Writer | null }[];
  /** An operator's promotion, for as long as it is wanted. */
  wanted: Wanted | null;
  /** The last proof of the lease: sending time of the last answered change that only its holder could make. */
  renewed: { writer: Writer; sentMs: number } | null;
  /** Granted to this keeper and not opened since: until it is, `sync` is the one of the writer before (W7). */
  unopened: Writer | null;
  /** A challenger's observation: `writer` has this revision (null: absent) since then. */
  unchanged: { revision: number | null; sinceMs: number } | null;
  /** Whom commits wait for, as the last verb left it; null: unknown. */
  waits: readonly string[] | null;
  work: { id: number; sentMs: number; step: Work } | null;
  /** When this host was last told to receive, and had done so or failed. */
  receivedMs: number;
  /** When adding a standby failed last, by a verb of its host's. */
  notAddedMs: number;
  nextId: number;
}

export const firstState: KeeperState = {
  store: null,
  heardMs: Number.NEGATIVE_INFINITY,
  changedMs: Number.NEGATIVE_INFINITY,
  facts: null,
  askedMs: Number.NEGATIVE_INFINITY,
  awakeMs: null,
  toldMs: null,
  endedMs: Number.NEGATIVE_INFINITY,
  fresh: false,
  fencingMs: null,
  answeredMs: null,
  polledMs: null,
  polls: [],
  wanted: null,
  renewed: null,
  unopened: null,
  unchanged: null,
  waits: null,
  work: null,
  receivedMs: Number.NEGATIVE_INFINITY,
  notAddedMs: Number.NEGATIVE_INFINITY,
  nextId: 1,
};

/** Whom commits have to wait for with this set. `strict` goes on waiting once a standby has been there (W5). */
export function waitsOf(config: KeeperConfig, durability: Durability, set: SyncSet): readonly string[] {
  const others = set.regions.filter((region) => region !== config.region);
  if (others.length > 0 || durability !== "strict" || !set.joined) return others;
  return config.peers.slice(0, config.mostAckers);
}
