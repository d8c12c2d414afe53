import { readFileSync } from "node:fs";
import type { EtcdAccess } from "./etcd.ts";
import type { KeeperConfig } from "./state.ts";
import type { Durability } from "./store.ts";

/** /etc/evenkeel/keeper.json, as components/host/keeper.ts writes it. */
export interface KeeperSettings {
  site: string;
  region: string;
  host: "database" | "web";
  peers: string[];
  /** The database's port; of a web host without meaning. */
  port: number;
  etcd: { addresses: string[]; serverName: string };
  /** T, i, D of writer.md, and when the database itself is closed. Milliseconds. */
  lease: { leaseMs: number; renewMs: number; softMs: number; hardMs: number };
  boundedWaitMs: number;
  /** As configured; etcd's goes before it. */
  durability: Durability;
  mostAckers: number;
}

const folder = "/etc/evenkeel";
/**
 * An unanswered question is given up after this: less than half of the shortest lease, so that another member can be
 * asked while the lease lasts.
 */
const answerMs = 1000;
/** A database that is killed is back within this, a restarted one too: longer, and another region shall write. */
const restartMs = 15_000;

/** Throws where the file is missing or is none. */
export function readSettings(): KeeperSettings {
  return JSON.parse(readFileSync(`${folder}/keeper.json`, "utf8")) as KeeperSettings;
}

/** A standby that could not be added had a reason that passes, such as a restart, or one that an operator has to mend. */
const addAgainMs = 5000;

/** Behind the deadline of a fence (20 s of a keeper's, 30 s of an operator's) and the starts that it may have to wait for. */
const fenceMs = 40_000;

export function keeperConfig(settings: KeeperSettings): KeeperConfig {
  const { region, peers, lease, boundedWaitMs, durability, mostAckers } = settings;
  return {
    region,
    peers,
    ...lease,
    answerMs,
    boundedWaitMs,
    durability,
    mostAckers,
    restartMs,
    fenceMs,
    addAgainMs,
    armed: false,
  };
}

export function etcdAccess({ site, etcd }: KeeperSettings): EtcdAccess {
  const tls = {
    ca: `${folder}/tls/ca.pem`,
    certificate: `${folder}/tls/keeper.pem`,
    key: `${folder}/tls/keeper-key.pem`,
  };
  return { site, ...etcd, tls, answerMs };
}
