import * as pulumi from "@pulumi/pulumi";
import { requireAddress, requireDomain } from "./haproxy.ts";
import { facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

/** A member of the site's etcd: its place, and the address at which the others and the keepers reach it. */
export interface EtcdMember {
  name: string;
  address: string;
}

export interface EtcdSettings {
  site: string;
  /** This host's own, one of `members`. */
  member: string;
  members: readonly EtcdMember[];
  /** Further own addresses at which clients of the place reach it. */
  clientAddresses: readonly string[];
  /** The site's: the members' certificates, and no other of the authority's, have `etcd.<domain>` in common. */
  domain: string;
  /** How often a leader says that it is there. Milliseconds; 100 by default, as etcd's own. */
  heartbeatMs?: number;
  /**
   * How long a silent leader is waited for. Milliseconds; 1000 by default, as etcd's own. etcd.io ("Tuning"): the
   * heartbeat is about the round trip between members, the election ten times that; etcd refuses less than five
   * heartbeats and more than 50 s. The same at all members.
   */
  electionMs?: number;
}

export interface EtcdHostArgs extends EtcdSettings {
  target: HostTarget;
  /** PEM texts; the certificate is this member's, for servers and clients. */
  tls: { ca: pulumi.Input<string>; certificate: pulumi.Input<string>; key: pulumi.Input<string> };
}

/** What the role printed. */
export interface EtcdFacts {
  etcd: string;
  joined: boolean;
}

/** With the wait for other members' restarts, and its own. */
const setUpSeconds = 420;
const memberName = /^[a-z][a-z0-9-]*$/;
const etcdPort = 2379;
const library = "/usr/local/lib/evenkeel/etcd";

/** A member of etcd that has begun nothing: `evenkeel-etcd form` and `join`, which `global` runs, do that. */
export class EtcdHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<EtcdFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: EtcdHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const files = etcdFiles(args);
    super("evenkeel:host:Etcd", name, {}, opts);
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "etcd",
        files,
        script: hostFile("etcd/setup.sh"),
        timeoutSeconds: setUpSeconds,
      },
      { parent: this },
    );
    this.facts = facts<EtcdFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}

/** The files of a member. Throws, naming the argument, where one is malformed. */
export function etcdFiles({ tls, ...settings }: Omit<EtcdHostArgs, "target">): HostFile[] {
  const { site, member, members } = settings;
  return [
    { path: "/usr/local/sbin/evenkeel-etcd", content: hostFile("etcd/evenkeel-etcd"), mode: "0755" },
    { path: `${library}/member.sh`, content: hostFile("etcd/member.sh") },
    { path: `${library}/keys.sh`, content: hostFile("etcd/keys.sh") },
    { path: `${library}/operator.sh`, content: hostFile("etcd/operator.sh") },
    { path: "/etc/systemd/system/etcd.service.d/evenkeel.conf", content: hostFile("etcd/evenkeel.conf") },
    { path: "/etc/evenkeel/etcd.env", content: etcdEnvironment(settings), mode: "0600" },
    // Each place is a member of its own among the same others.
    {
      path: "/etc/evenkeel/etcd.json",
      content: `${JSON.stringify({ site, member, members }, null, 2)}\n`,
      own: true,
    },
    { path: "/etc/evenkeel/tls/ca.pem", content: tls.ca },
    { path: "/etc/evenkeel/tls/etcd.pem", content: tls.certificate, own: true },
    {
      path: "/etc/evenkeel/tls/etcd-key.pem",
      content: tls.key,
      mode: "0640",
      owner: "root:etcd",
      own: true,
    },
  ];
}

function etcdEnvironment(settings: EtcdSettings): string {
  const { member, members, clientAddresses, domain, heartbeatMs = 100, electionMs = 1000 } = settings;
  const own = members.find(({ name }) => name === member);
  if (own === undefined) throw new Error(`member: "${member}" is none of members`);
  for (const { name, address } of members) {
    if (!memberName.test(name)) throw new Error(`members: "${name}" is no member's name`);
    requireAddress(`members: ${name}`, address);
  }
  for (const address of clientAddresses) requireAddress("clientAddresses", address);
  requireDomain(domain);
  requireTimes(heartbeatMs, electionMs);
  const clients = ["127.0.0.1", own.address, ...clientAddresses];
  return render(hostFile("etcd/etcd.env"), {
    MEMBER: member,
    ADDRESS: own.address,
    CLIENT_URLS: clients.map((address) => `https://${address}:${etcdPort}`).join(","),
    PEER_NAME: `etcd.${domain}`,
    HEARTBEAT_MS: heartbeatMs,
    ELECTION_MS: electionMs,
  });
}

/** What etcd itself would refuse, at its start on a host. */
function requireTimes(heartbeatMs: number, electionMs: number): void {
  if (!Number.isInteger(heartbeatMs) || heartbeatMs < 1)
    throw new Error(`heartbeatMs: ${heartbeatMs} is no whole number of milliseconds above 0`);
  if (!Number.isInteger(electionMs) || electionMs < 5 * heartbeatMs || electionMs > 50_000)
    throw new Error(
      `electionMs: ${electionMs} is not between five heartbeats (${5 * heartbeatMs}) and 50000`,
    );
}
