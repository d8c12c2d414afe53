import type {
  DatabaseFacts,
  EtcdFacts,
  EtcdObservation,
  Observation,
  RegionObservation,
  WebObservation,
} from "../../../automation/failover/observation.ts";
import type { Move, SiteLockRecord } from "../../../automation/remote/operator-keys.ts";

export const active: DatabaseFacts = {
  role: "active",
  epoch: 1,
  running: true,
  writable: true,
  position: "0-1-42",
  lagSeconds: null,
  lagRows: null,
  lagBytes: null,
  replicating: null,
  replicationError: null,
  source: null,
  tls: null,
  heartbeat: { region: "primary", epoch: 1, ageSeconds: 0.4, at: 1_800_000_000, changes: 900 },
  clockSkewSeconds: null,
  restartNeeded: false,
  seeding: null,
  fencing: false,
  version: "11.8.6-MariaDB-0+deb13u1 from Debian-log",
};
export const standby: DatabaseFacts = {
  ...active,
  role: "standby",
  writable: false,
  lagSeconds: 0.4,
  lagRows: 3,
  replicating: true,
  source: "primary",
  tls: true,
};

/** A web host of the active region, or what is said of it. */
export function webHost(facts: Partial<WebObservation> = {}): WebObservation {
  return {
    host: "w",
    gate: "open",
    epoch: 1,
    versions: { nginx: "1.26.3", php: "8.4.16", wordpress: "6.8.5", client: "11.8.6" },
    stopped: [],
    warning: null,
    cron: "active",
    uploadsThere: true,
    why: null,
    ...facts,
  };
}

function region(name: string, facts: DatabaseFacts, port: number): RegionObservation {
  const isActive = facts.role === "active";
  const machine = `evenkeel-shop-${name}`;
  return {
    name,
    built: true,
    url: `https://localhost:${port}`,
    http: { live: true, ready: true, active: isActive },
    notReady: [],
    database: { host: `${machine}-database`, engine: "mariadb", facts, why: null },
    web: [
      webHost({
        host: `${machine}-web-1`,
        gate: isActive ? "open" : "closed",
        cron: isActive ? "active" : "inactive",
      }),
    ],
    store: { endpoint: "https://10.10.0.22:7070", reachable: true },
    cache: { reachable: true },
  };
}

/** Three members with a majority, the standby in the sync set; or what is said of it. */
export function wellEtcd(keys: Partial<EtcdFacts> = {}): EtcdObservation {
  const hosts = [
    ["primary/gateway", "primary"],
    ["secondary/gateway", "secondary"],
    ["third/edge", "global"],
  ] as const;
  return {
    members: hosts.map(([host, stack]) => ({ host, stack, state: "well", why: null })),
    keys: {
      epoch: 1,
      writer: { region: "primary", epoch: 1 },
      leaseAgeSeconds: 0.21,
      sync: ["primary", "secondary"],
      durability: null,
      paused: false,
      pausedUntil: null,
      lock: null,
      history: [],
      ackAt: null,
      ackedRun: null,
      ...keys,
    },
  };
}

/** A site with everything well: the primary active, the secondary following. */
export function healthySite(): Observation {
  return {
    site: "shop",
    url: "https://localhost:20003",
    dns: { server: "127.0.0.1", port: 20004, name: "shop.lab.test" },
    regions: [region("primary", active, 20001), region("secondary", standby, 20002)],
    thirdPlace: { reachable: true, edge: true, dns: true, witness: true },
    etcd: wellEtcd(),
    durability: "bounded",
    heartbeatSeconds: 5,
    cooldownSeconds: 3600,
    machines: [],
  };
}

/** The same with one region changed. */
export function withRegion(
  name: string,
  change: Partial<RegionObservation>,
  { base = healthySite() }: { base?: Observation } = {},
): Observation {
  return { ...base, regions: base.regions.map((one) => (one.name === name ? { ...one, ...change } : one)) };
}

/** A failover that lost nothing, or what is said of it. */
export function move(change: Partial<Move> = {}): Move {
  return {
    ...{ run: "r1", kind: "failover", from: "primary", to: "secondary", epoch: 2, who: "alice" },
    ...{ at: "2026-01-01T00:00:00Z", seconds: 3.2, loss: null },
    ...change,
  };
}

/** The site's lock in etcd, held by a process on another machine, or what is said of it. */
export function siteLock(change: Partial<SiteLockRecord> = {}): SiteLockRecord {
  return {
    ...{ run: "r1", who: "alice", host: "elsewhere", machineId: "m", bootId: "b", pidNamespace: null },
    ...{ pid: 42, startTime: "7", command: "switchover --to secondary", at: "2026-01-01T00:00:00Z" },
    to: "secondary",
    ...change,
  };
}
