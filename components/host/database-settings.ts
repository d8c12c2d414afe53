/** The engines whose host commands are built (components/host/files/<engine>). */
export type Engine = "mariadb" | "postgresql";

/** A database host of another region, as this one reaches it over the private link. */
export interface DatabasePeer {
  region: string;
  address: string;
  /** "ssh-ed25519 AAAA…"; always checked. */
  hostKey: string;
}

export interface DatabaseSettings {
  engine: Engine;
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
  /** The place's alone, as its certificate. */
  own?: boolean;
  content: (secrets: DatabaseSecrets) => string;
}
