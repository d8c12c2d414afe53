import type { DatabaseSettings } from "../../../components/host/database-settings.ts";

/** What the one suite of database tests says in each engine's own words. SQL runs as the administrator. */
export interface EngineWords {
  unit: string;
  port: number;
  /** Shell: the numbers of the server's processes; fails where there is none. */
  processes: string;
  /** Shell: one statement in the site's database. */
  shell: (statement: string) => string;
  /** The server's settings by the file, as `setting` gives them. */
  settings: (of: DatabaseSettings) => Record<string, string>;
  setting: (name: string) => string;
  /** A setting whose change needs a restart. */
  restartSetting: { path: string; name: string; from: string; to: string };
  /** What a client is told: a write while closed, a closed port, a login or a right that it has not. */
  refused: { write: RegExp; connection: RegExp; login: RegExp };
  emptyHistory: unknown;
  /** How often a host has written by itself, by its history: MariaDB's events of its id, PostgreSQL's openings. */
  ownWrites: (history: string, of: DatabaseSettings) => number;
  notes: { make: string; add: (text: string) => string; all: string };
  /** What the application may not do. */
  forbidden: readonly string[];
  /** The replication account's own question. */
  replicationQuestion: string;
  /** Shell, given the source's address. */
  stopReceiving: (peer: string) => string;
  startReceiving: string;
  stopApplying: string;
  startApplying: string;
  beatAhead: (seconds: number) => string;
  /** Holds the notes on a standby, so that `addHeld` can't be applied there. */
  holdNotes: string;
  /** How many sessions hold them so. */
  heldBy: string;
  addHeld: (text: string) => string;
  /** 1 where something was received that is not applied. */
  isBehind: string;
  sleep: (seconds: number) => string;
  /** How many sessions sleep so. */
  sleepers: (seconds: number) => string;
  beatSessions: string;
  /** Holds up every write for some seconds. */
  stallWrites: (seconds: number) => string;
  /** 1 where the database is closed. */
  closed: string;
  /** Opens the closed database by hand, past evenkeel-db. */
  openByHand: string;
  /** What is done by hand to a database that writes, a setting first, and as what the look has to name it. */
  drifts: readonly { by: string; kind: "variable" | "account" | "grant"; what: string }[];
  /** How many accounts of somebody else's are there, and can't log in. */
  strays: string;
  /** Shell: leaves the source, with all that is known of it. */
  leave: string;
  /** Shell: some tens of megabytes more. */
  grow: string;
  /** Shell: ends the server's unit, and starts the server without it; and ends that one. */
  startedByHand: string;
  stoppedByHand: string;
  /** Shell: a file of the copy that a seed is streaming. */
  firstCopied: string;
  /** Shell: the data directory as the role made it first, and the server started on it. */
  begunAnew: string;
}

/** What an account is given by hand. */
export const strangePassword = "nobody is to read this";
