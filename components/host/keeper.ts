import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { bundled } from "../bundle.ts";
import { requireAddress } from "./haproxy.ts";
import { copyToHost, facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

export interface KeeperHostArgs {
  target: HostTarget;
  site: string;
  region: string;
  host: "database" | "web";
  /** The other regions. */
  peers: readonly string[];
  /** The database's port. */
  port: number;
  /** Members of etcd as "address:port", the nearest first, and the name that all of them have. */
  etcd: { addresses: readonly string[]; serverName: string };
  durability: "strict" | "bounded" | "async";
  /** How long a commit waits for a standby before that leaves the sync set. */
  boundedWaitSeconds: number;
  lease: LeaseTimes;
  /** How many standbys acknowledge: 1 of MariaDB, which can't say of whom an acknowledgement is (W11). */
  mostAckers: number;
  /** The Node that the keeper runs with: a gzip archive on this machine. */
  node: { sha256: string; localPath: string };
  /** PEM texts; the certificate is this host's own, for clients. */
  tls: { ca: pulumi.Input<string>; certificate: pulumi.Input<string>; key: pulumi.Input<string> };
}

/**
 * Milliseconds. `leaseMs` is T, `renewMs` i and `softMs` D of writer.md (W3); `hardMs`: without the lease for so long, the
 * database itself is closed.
 */
export interface LeaseTimes {
  leaseMs: number;
  renewMs: number;
  softMs: number;
  hardMs: number;
}

/** Between hosts a few milliseconds apart (writer.md, W3: "Lab"). */
export const nearLease: LeaseTimes = { leaseMs: 2400, renewMs: 200, softMs: 2200, hardMs: 8000 };

/** F and ρ of writer.md: the time to close gate and port, and how much a clock may run wrong. */
const closeMs = 150;
const drift = 0.001;

const pushedNode = "/var/tmp/evenkeel-node.gz";
const setUpSeconds = 120;
const library = "/usr/local/lib/evenkeel/keeper";
const program = join(import.meta.dirname, "../../automation/keeper/main.ts");

/** A database or web host's keeper. It does nothing before etcd knows of a writer. */
export class KeeperHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<{ node: string }>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: KeeperHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const files = keeperFiles(args);
    super("evenkeel:host:Keeper", name, {}, opts);
    const copy = { target: args.target, localPath: args.node.localPath, remotePath: pushedNode };
    const node = copyToHost(`${name}-node`, copy, { parent: this });
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "keeper",
        files,
        script: render(hostFile("keeper/setup.sh"), { SHA256: args.node.sha256 }),
        timeoutSeconds: setUpSeconds,
      },
      { parent: this, dependsOn: [node] },
    );
    this.facts = facts<{ node: string }>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}

/** The files of a keeper. Throws, naming the argument, on what can't work. */
export function keeperFiles(args: Omit<KeeperHostArgs, "target">): HostFile[] {
  refuseWrong(args);
  return [
    { path: "/usr/local/sbin/evenkeel-keeper", content: hostFile("keeper/evenkeel-keeper"), mode: "0755" },
    {
      path: "/etc/systemd/system/evenkeel-keeper.service",
      content: hostFile("keeper/evenkeel-keeper.service"),
    },
    { path: `${library}/keeper.mjs`, content: keeperBundle() },
    { path: "/etc/evenkeel/keeper.json", content: keeperJson(args) },
    { path: "/etc/evenkeel/tls/ca.pem", content: args.tls.ca },
    { path: "/etc/evenkeel/tls/keeper.pem", content: args.tls.certificate, own: true },
    { path: "/etc/evenkeel/tls/keeper-key.pem", content: args.tls.key, mode: "0600", own: true },
  ];
}

/** What automation/keeper/settings.ts reads. */
function keeperJson(args: Omit<KeeperHostArgs, "target">): string {
  const { site, region, host, peers, port, etcd, lease, durability, mostAckers } = args;
  const boundedWaitMs = args.boundedWaitSeconds * 1000;
  const settings = { site, region, host, peers, port, etcd, lease, boundedWaitMs, durability, mostAckers };
  return `${JSON.stringify(settings, null, 2)}\n`;
}

function refuseWrong({ site, etcd, lease, node }: Omit<KeeperHostArgs, "target">): void {
  if (etcd.addresses.length === 0)
    throw new Error(`${site}: etcd.addresses is empty: there is nobody to ask`);
  for (const address of etcd.addresses) {
    requireAddress("etcd.addresses", address.replace(/:\d{1,5}$/, ""));
    if (!address.includes(":")) throw new Error(`etcd.addresses: ${address} names no port`);
  }
  if (!/^[0-9a-f]{64}$/.test(node.sha256)) throw new Error("node.sha256 is no SHA-256 checksum");
  const { leaseMs, renewMs, softMs, hardMs } = lease;
  // (D + F)(1 + ρ) <= T(1 - ρ): what is closed is closed before anybody may claim (W3).
  if ((softMs + closeMs) * (1 + drift) > leaseMs * (1 - drift))
    throw new Error(
      `lease.softMs: ${softMs} ms and ${closeMs} ms to close are not within the lease of ${leaseMs} ms`,
    );
  if (renewMs * 4 > softMs)
    throw new Error(`lease.renewMs: ${renewMs} ms leaves no renewal to be missed in ${softMs} ms`);
  if (hardMs < leaseMs)
    throw new Error(`lease.hardMs: ${hardMs} ms is shorter than the lease of ${leaseMs} ms`);
}

let keeper: string | null = null;

/** automation/keeper in one file, made once. */
function keeperBundle(): string {
  keeper ??= bundled(program);
  return keeper;
}
