import type { DatabaseFile, DatabaseSettings, Engine } from "./database-settings.ts";
import { hostFile, render } from "./render.ts";

/** What differs between the engines in what lies on a host. */
interface EngineFiles {
  /** The server's unit. */
  unit: string;
  port: number;
  /** The user that the server runs as: the group that may read its key. */
  user: string;
  /** What the server itself is told. */
  files: (settings: DatabaseSettings) => DatabaseFile[];
}

export const engines: Readonly<Record<Engine, EngineFiles>> = {
  mariadb: { unit: "mariadb.service", port: 3306, user: "mysql", files: mariadbFiles },
  postgresql: { unit: "postgresql@17-main.service", port: 5432, user: "postgres", files: postgresqlFiles },
};

function mariadbFiles({ serverId, maxRegions, regionIndex }: DatabaseSettings): DatabaseFile[] {
  const text = render(hostFile("mariadb/60-evenkeel.cnf"), {
    SERVER_ID: serverId,
    // Two at least, so that a single region can become a pair without renumbering (writer.md, W11).
    INCREMENT: Math.max(2, maxRegions),
    OFFSET: regionIndex,
  });
  return [{ path: "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf", mode: "0644", content: () => text }];
}

function postgresqlFiles({ webNetworks, peeringNetwork, schema, users }: DatabaseSettings): DatabaseFile[] {
  const line = (database: string, user: string, network: string) =>
    `hostssl ${database.padEnd(15)} ${user.padEnd(23)} ${network.padEnd(19)} scram-sha-256`;
  const lines = [
    ...webNetworks.flatMap((network) => [
      line(schema, users.app, network),
      line(schema, users.health, network),
    ]),
    line("replication", users.replication, peeringNetwork),
    // pg_rewind reads the writer's files through a session of its own.
    line("postgres", users.replication, peeringNetwork),
  ];
  const settings = hostFile("postgresql/60-evenkeel.conf");
  const access = render(hostFile("postgresql/pg_hba.conf"), { SCHEMA: schema, LINES: lines.join("\n") });
  const cluster = hostFile("postgresql/createcluster.conf");
  return [
    { path: "/etc/evenkeel/postgresql.conf", mode: "0644", content: () => settings },
    { path: "/etc/evenkeel/pg_hba.conf", mode: "0640", owner: "root:postgres", content: () => access },
    { path: "/etc/postgresql-common/createcluster.d/evenkeel.conf", mode: "0644", content: () => cluster },
  ];
}
