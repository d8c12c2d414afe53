import type { RemoteResult } from "../../../automation/remote/ssh.ts";
import type { Engine } from "../../../components/host/database-settings.ts";
import { login } from "./database-faults.ts";
import { awkwardPassword, type DatabasePair, type HostName } from "./database-pair.ts";
import type { EngineWords } from "./engine-words.ts";
import { mariadb } from "./mariadb-words.ts";
import { postgresql } from "./postgresql-words.ts";

export const hosts = ["one", "two"] as const;
export const app = () => ({ user: "wp_user", password: awkwardPassword("app"), tls: true });
export const replicator = () => ({ user: "evenkeel_repl", password: awkwardPassword("repl") });

/** One pair of hosts, and what the chapters of its tests ask of them. */
export interface DatabaseLab {
  /** Only for what runs inside a test: the pair is built when all tests are registered already. */
  readonly pair: DatabasePair;
  readonly engine: Engine;
  /** The engine's own words for what the tests do. */
  readonly words: EngineWords;
  place(name: HostName): string;
  peering(name: HostName): string;
  variable(name: HostName, variableName: string): Promise<string>;
  /** How often a host's history says that `of` has written (words.ownWrites). */
  ownWrites(name: HostName, of: HostName): Promise<number>;
  /** Stops the server's processes where they stand, or lets them go on. */
  freeze(name: HostName, frozen: boolean): Promise<unknown>;
  /** Adds notes as the application does, in one session over the network, each committed for itself. */
  insert(from: HostName, to: HostName, ...texts: string[]): Promise<RemoteResult>;
  notes(name: HostName): Promise<string>;
}

/** `pair` is asked again each time, so that it may be built later. */
export function databaseLab(engine: Engine, pair: () => DatabasePair): DatabaseLab {
  const place = (name: HostName) => pair().settings[name].placeAddress;
  const words = { mariadb, postgresql }[engine];
  return {
    get pair() {
      return pair();
    },
    engine,
    words,
    place,
    peering: (name) => pair().settings[name].peeringAddress,
    variable: (name, variableName) => pair().sql(name, words.setting(variableName)),
    async ownWrites(name, of) {
      const { history } = await pair().status(name);
      return words.ownWrites(history ?? "", pair().settings[of]);
    },
    freeze: (name, frozen) => pair().script(name, `kill -${frozen ? "STOP" : "CONT"} $(${words.processes})`),
    insert: (from, to, ...texts) =>
      login(pair(), {
        ...{ from, to: place(to), ...app() },
        statement: `${[words.notes.make, ...texts.map(words.notes.add)].join(";\n")};`,
      }),
    notes: (name) => pair().sql(name, words.notes.all),
  };
}
