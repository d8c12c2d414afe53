import type { RemoteResult } from "../../../automation/remote/ssh.ts";
import { login } from "./database-faults.ts";
import { awkwardPassword, type DatabasePair, type HostName } from "./database-pair.ts";

export const hosts = ["one", "two"] as const;
export const app = () => ({ user: "wp_user", password: awkwardPassword("app"), tls: true });
export const replicator = () => ({ user: "evenkeel_repl", password: awkwardPassword("repl") });

/** One pair of hosts, and what the chapters of its tests ask of them. */
export interface DatabaseLab {
  /** Only for what runs inside a test: the pair is built when all tests are registered already. */
  readonly pair: DatabasePair;
  place(name: HostName): string;
  peering(name: HostName): string;
  variable(name: HostName, variableName: string): Promise<string>;
  /** Highest sequence number that a host's history holds of a server id. */
  ownEvents(name: HostName, serverId: number): Promise<number>;
  /** Adds a note as the application does, over the network. */
  insert(from: HostName, to: HostName, text: string): Promise<RemoteResult>;
  notes(name: HostName): Promise<string>;
}

/** `pair` is asked again each time, so that it may be built later. */
export function databaseLab(pair: () => DatabasePair): DatabaseLab {
  const place = (name: HostName) => pair().settings[name].placeAddress;
  return {
    get pair() {
      return pair();
    },
    place,
    peering: (name) => pair().settings[name].peeringAddress,
    variable: (name, variableName) => pair().sql(name, `SELECT @@global.${variableName}`),
    async ownEvents(name, serverId) {
      const state = await pair().sql(name, "SELECT @@global.gtid_binlog_state");
      const entry = state.split(",").find((gtid) => gtid.split("-")[1] === String(serverId));
      return Number(entry?.split("-")[2] ?? 0);
    },
    async insert(from, to, text) {
      const statement = `CREATE TABLE IF NOT EXISTS wordpress_db.notes (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT);
INSERT INTO wordpress_db.notes (note) VALUES ('${text}');`;
      return login(pair(), { from, to: place(to), ...app(), statement });
    },
    notes: (name) => pair().sql(name, "SELECT id, note FROM wordpress_db.notes ORDER BY id"),
  };
}
