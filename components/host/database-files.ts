import { hostFile, render } from "./render.ts";

/** A database host of another region, as this one reaches it over the private link. */
export interface DatabasePeer {
  region: string;
  address: string;
  /** "ssh-ed25519 AAAA…"; always checked. */
  hostKey: string;
}

export interface DatabaseSettings {
  site: string;
  region: string;
  /** 1, 2, … in the order of the site's regions; fixed for the region's life (writer.md, W11). */
  regionIndex: number;
  maxRegions: number;
  serverId: number;
  /** Own address in the region. */
  placeAddress: string;
  /** Own address on the link between the regions. */
  peeringAddress: string;
  peers: readonly DatabasePeer[];
  /** Networks of all regions' web tiers: accounts and the packet filter are bound to them. */
  webNetworks: readonly string[];
  /** Who may reach the port besides the peers' databases: addresses or networks of the own web tier. */
  portClients: readonly string[];
  peeringNetwork: string;
  schema: string;
  users: { app: string; replication: string; health: string };
}

export interface DatabaseSecrets {
  passwords: { app: string; replication: string; health: string };
  /** With this key the database hosts ask each other for status and copies. */
  peerKey: { privateKey: string; publicKey: string };
  /** PEM texts: the site's CA and this region's server certificate. */
  tls: { ca: string; certificate: string; key: string };
}

/** A file whose content may need the secrets. */
export interface DatabaseFile {
  path: string;
  mode: string;
  owner?: string;
  content: (secrets: DatabaseSecrets) => string;
}

const library = "/usr/local/lib/evenkeel/db";
const parts = "common config rolefile sql gtid firewall peers replication opening".split(" ");
const verbs = "birth boot demote fence firewall follow heartbeat promote resume seed send status".split(" ");

/** Everything that the role writes on a database host. Throws, naming the argument, on wrong combinations. */
export function databaseFiles(settings: DatabaseSettings): DatabaseFile[] {
  refuseWrong(settings);
  return [...programs(), ...serverSettings(settings), ...peerAccess(settings), ...secretFiles(settings)];
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
  if (regionIndex > increment(maxRegions)) {
    throw new Error(
      `regionIndex ${regionIndex} is beyond maxRegions ${maxRegions}: raise maxRegions at birth`,
    );
  }
  if (peers.some((peer) => peer.region === region))
    throw new Error(`peers: ${region} is this host's own region`);
  if (portClients.length === 0) throw new Error("portClients is empty: no web host could reach the database");
  if (webNetworks.length === 0) throw new Error("webNetworks is empty: no web tier could reach the database");
}

/** Two at least, so that a single region can become a pair without renumbering (writer.md, W11). */
function increment(maxRegions: number): number {
  return Math.max(2, maxRegions);
}

function fixed(source: string, path: string, mode: string): DatabaseFile {
  const text = hostFile(`mariadb/${source}`);
  return { path, mode, content: () => text };
}

function programs(): DatabaseFile[] {
  const heartbeat = hostFile("systemd/evenkeel-heartbeat.service");
  return [
    fixed("evenkeel-db", "/usr/local/sbin/evenkeel-db", "0755"),
    fixed("evenkeel-db-peer", "/usr/local/sbin/evenkeel-db-peer", "0755"),
    ...parts.map((part) => fixed(`db/${part}.sh`, `${library}/${part}.sh`, "0644")),
    ...verbs.map((verb) => fixed(`db/verbs/${verb}.sh`, `${library}/verbs/${verb}.sh`, "0644")),
    fixed("evenkeel-db-boot.service", "/etc/systemd/system/evenkeel-db-boot.service", "0644"),
    fixed("mariadb-evenkeel.conf", "/etc/systemd/system/mariadb.service.d/evenkeel.conf", "0644"),
    { path: "/etc/systemd/system/evenkeel-heartbeat.service", mode: "0644", content: () => heartbeat },
  ];
}

function serverSettings(settings: DatabaseSettings): DatabaseFile[] {
  const cnf = render(hostFile("mariadb/60-evenkeel.cnf"), {
    SERVER_ID: settings.serverId,
    INCREMENT: increment(settings.maxRegions),
    OFFSET: settings.regionIndex,
  });
  const filter = render(hostFile("mariadb/database.nft"), {
    OWN_ADDRESSES: [settings.placeAddress, settings.peeringAddress].join(", "),
    CLIENTS: [...new Set([...settings.portClients, ...settings.peers.map(({ address }) => address)])].join(
      ", ",
    ),
  });
  return [
    { path: "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf", mode: "0644", content: () => cnf },
    { path: "/etc/evenkeel/database.nft", mode: "0644", content: () => filter },
  ];
}

function peerAccess({ peeringNetwork }: DatabaseSettings): DatabaseFile[] {
  const limits = `restrict,from="${peeringNetwork}",command="/usr/local/sbin/evenkeel-db-peer"`;
  return [
    fixed("evenkeel-peer.sudoers", "/etc/sudoers.d/evenkeel-peer", "0440"),
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
    { path: "/etc/evenkeel/tls/database.pem", mode: "0644", content: ({ tls }) => tls.certificate },
    {
      path: "/etc/evenkeel/tls/database-key.pem",
      mode: "0640",
      owner: "root:mysql",
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
    engine: "mariadb",
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
