import type * as pulumi from "@pulumi/pulumi";
import type { Engine } from "./database-settings.ts";

/** PHP-FPM's pool. A number that isn't given is reckoned from the host's memory (host/files/php/pool-size). */
export interface PhpSettings {
  /** "tcp": at the host's own address, port 9000, for nginx of the same host only. */
  listen: "socket" | "tcp";
  maxChildren?: number | undefined;
  startServers?: number | undefined;
  minSpareServers?: number | undefined;
  maxSpareServers?: number | undefined;
}

interface Account {
  name: string;
  password: pulumi.Input<string>;
}

/** The official archive, on this machine, with its checksum. */
interface WordpressCore {
  version: string;
  sha256: string;
  localPath: string;
}

/** PG4WP, on this machine, with the hash that its files must have. */
interface DropIn {
  version: string;
  treeHash: string;
  localPath: string;
}

/** What a web host is given beyond its machine. */
export interface WebSettings {
  engine: Engine;
  /** False: the order ledger alone. */
  wordpress: boolean;
  site: string;
  region: string;
  /** The host's own address in the region. */
  address: string;
  /** The site's public name, without scheme. */
  domain: string;
  /** The own region's database: an address or name that stands in its certificate. */
  databaseHost: string;
  schema: string;
  users: { app: Account; health: Account };
  /** Who has it may use the order ledger. */
  ledgerKey: pulumi.Input<string>;
  /** The own region's Redis; null where there is none. */
  cache: { host: string; user: Account } | null;
  php: PhpSettings;
  /** The own region's object store; null where there is none. */
  storeEndpoint: string | null;
  /** The block device that is the uploads' own, by a name that outlives a reboot; null: they lie on the host's disk. */
  uploadsDevice: string | null;
  /** WordPress's eight keys and salts, the same in every region. */
  salts: pulumi.Input<Record<string, string>>;
  /** PEM texts: the site's CA and the certificate of the web tier. */
  tls: { ca: pulumi.Input<string>; certificate: pulumi.Input<string>; key: pulumi.Input<string> };
  /** Further URLs that the site may be called by (edge, regions); the public one is always the first. */
  urls: pulumi.Input<string[]>;
  /** Whose X-Forwarded-For is believed: the region's balancers. */
  balancerAddresses: string[];
  boundedWaitSeconds: number;
  /** null: Debian's package. */
  wordpressCore: WordpressCore | null;
  /** What lets WordPress run on PostgreSQL; null where there is none of the two. */
  dropIn: DropIn | null;
  title: string;
  admin: { user: string; email: string; password: pulumi.Input<string> };
  /** "blocked" where nothing outside can be reached, so that WordPress does not wait for it. */
  outboundHttp: "allowed" | "blocked";
}
