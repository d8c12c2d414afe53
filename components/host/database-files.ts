import { engines } from "./database-engines.ts";
import type { DatabaseFile, DatabaseSecrets, DatabaseSettings, Engine } from "./database-settings.ts";
import { hostFile, render } from "./render.ts";

const library = "/usr/local/lib/evenkeel/db";
const parts =
  "common config rolefile unit firewall peers keeper opening standby session seeding tail progress".split(
    " ",
  );
/** What each engine does in its own way, under the same names (evenkeel-db). */
const engineParts = "server history replication accounts copy beat wait look".split(" ");
/** What operators and peers ask for, then what the keeper does. */
const verbs = [
  ..."birth boot demote digest fence firewall follow heartbeat look prestart promote resume seed send status".split(
    " ",
  ),
  ..."replay reseed rewind tail".split(" "),
  ..."acks close mark open prepare reach receive sync watch".split(" "),
];
/** How an engine's log is read, for what an old writer alone holds. */
const logParts: Readonly<Record<Engine, readonly string[]>> = {
  mariadb: "binlog lost values".split(" "),
  postgresql: "lost timelines tuples wal".split(" "),
};

/** Everything that the role writes on a database host. Throws, naming the argument, on wrong combinations. */
export function databaseFiles(settings: DatabaseSettings): DatabaseFile[] {
  refuseWrong(settings);
  return [
    ...programs(settings),
    ...serverSettings(settings),
    ...peerAccess(settings),
    ...secretFiles(settings),
  ];
}

/** The role script: what every engine has, and the engine's own. */
export function databaseScript(engine: Engine): string {
  return hostFile("database/setup.sh") + hostFile(`${engine}/setup.sh`);
}

function refuseWrong({
  regionIndex,
  maxRegions,
  serverId,
  peers,
  region,
  webNetworks,
  portClients,
}: DatabaseSettings): void {
  const whole = [regionIndex, maxRegions, serverId].every((n) => Number.isInteger(n) && n >= 1);
  if (!whole) throw new Error("regionIndex, maxRegions and serverId are whole numbers from 1");
  if (regionIndex > Math.max(2, maxRegions)) {
    throw new Error(
      `regionIndex ${regionIndex} is beyond maxRegions ${maxRegions}: raise maxRegions at birth`,
    );
  }
  if (peers.some((peer) => peer.region === region))
    throw new Error(`peers: ${region} is this host's own region`);
  if (portClients.length === 0) throw new Error("portClients is empty: no web host could reach the database");
  if (webNetworks.length === 0) throw new Error("webNetworks is empty: no web tier could reach the database");
}

function fixed(source: string, path: string, mode: string): DatabaseFile {
  const text = hostFile(source);
  return { path, mode, content: () => text };
}

function programs({ engine }: DatabaseSettings): DatabaseFile[] {
  const unit = (source: string, name: string): DatabaseFile => {
    const text = render(hostFile(source), { UNIT: engines[engine].unit });
    return { path: `/etc/systemd/system/${name}`, mode: "0644", content: () => text };
  };
  return [
    fixed("database/evenkeel-db", "/usr/local/sbin/evenkeel-db", "0755"),
    fixed("database/evenkeel-db-peer", "/usr/local/sbin/evenkeel-db-peer", "0755"),
    ...parts.map((part) => fixed(`database/db/${part}.sh`, `${library}/${part}.sh`, "0644")),
    ...verbs.map((verb) => fixed(`database/db/verbs/${verb}.sh`, `${library}/verbs/${verb}.sh`, "0644")),
    ...engineParts.map((part) => fixed(`${engine}/db/${part}.sh`, `${library}/engine/${part}.sh`, "0644")),
    ...["digest", "replay", "tail"].map((name) =>
      fixed(`database/db/${name}.py`, `${library}/${name}.py`, "0644"),
    ),
    fixed(`${engine}/db/dialect.py`, `${library}/engine/dialect.py`, "0644"),
    ...logParts[engine].map((name) =>
      fixed(`${engine}/db/log/${name}.py`, `${library}/log/${name}.py`, "0644"),
    ),
    unit("database/evenkeel-db-boot.service", "evenkeel-db-boot.service"),
    unit("systemd/evenkeel-heartbeat.service", "evenkeel-heartbeat.service"),
    fixed(
      `${engine}/${engine}-evenkeel.conf`,
      `/etc/systemd/system/${engines[engine].unit}.d/evenkeel.conf`,
      "0644",
    ),
  ];
}

function serverSettings(settings: DatabaseSettings): DatabaseFile[] {
  const { port, files } = engines[settings.engine];
  const clients = [...settings.portClients, ...settings.peers.map(({ address }) => address)];
  const filter = render(hostFile("database/database.nft"), {
    PORT: port,
    OWN_ADDRESSES: [settings.placeAddress, settings.peeringAddress].join(", "),
    CLIENTS: [...new Set(clients)].join(", "),
  });
  return [...files(settings), { path: "/etc/evenkeel/database.nft", mode: "0644", content: () => filter }];
}

function peerAccess({ peeringNetwork }: DatabaseSettings): DatabaseFile[] {
  const limits = `restrict,from="${peeringNetwork}",command="/usr/local/sbin/evenkeel-db-peer"`;
  return [
    fixed("database/evenkeel-peer.sudoers", "/etc/sudoers.d/evenkeel-peer", "0440"),
    {
      path: "/var/lib/evenkeel-peer/.ssh/authorized_keys",
      mode: "0644",
      content: ({ peerKey }) => `${limits} ${peerKey.publicKey.trim()}\n`,
    },
  ];
}

function secretFiles(settings: DatabaseSettings): DatabaseFile[] {
  return [
    {
      path: "/etc/evenkeel/database.json",
      mode: "0600",
      content: (secrets) => databaseConfig(settings, secrets),
    },
    {
      path: "/etc/evenkeel/peer_key",
      mode: "0600",
      // ssh refuses a key file without a final newline.
      content: ({ peerKey }) => `${peerKey.privateKey.trimEnd()}\n`,
    },
    { path: "/etc/evenkeel/tls/ca.pem", mode: "0644", content: ({ tls }) => tls.ca },
    {
      path: "/etc/evenkeel/tls/database.pem",
      mode: "0644",
      own: true,
      content: ({ tls }) => tls.certificate,
    },
    {
      path: "/etc/evenkeel/tls/database-key.pem",
      mode: "0640",
      owner: `root:${engines[settings.engine].user}`,
      own: true,
      content: ({ tls }) => tls.key,
    },
  ];
}

/** /etc/evenkeel/database.json, which evenkeel-db reads. */
export function databaseConfig(settings: DatabaseSettings, { passwords }: DatabaseSecrets): string {
  const user = (role: keyof DatabaseSettings["users"]) => ({
    name: settings.users[role],
    password: passwords[role],
  });
  const config = {
    site: settings.site,
    region: settings.region,
    engine: settings.engine,
    serverId: settings.serverId,
    regionIndex: settings.regionIndex,
    maxRegions: settings.maxRegions,
    address: settings.peeringAddress,
    placeAddress: settings.placeAddress,
    peers: settings.peers,
    webNetworks: settings.webNetworks,
    peeringNetwork: settings.peeringNetwork,
    schema: settings.schema,
    users: { app: user("app"), replication: user("replication"), health: user("health") },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
