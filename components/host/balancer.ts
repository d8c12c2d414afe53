import * as pulumi from "@pulumi/pulumi";
import type { EtcdMember } from "./etcd.ts";
import {
  type BalancedServer,
  type BalancerFacts,
  balancerFiles,
  requireAddress,
  requireDomain,
  requireServers,
  type SiteTls,
  serverLines,
} from "./haproxy.ts";
import { facts, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

export interface RegionBalancer {
  /** The site's public name. */
  domain: string;
  /** The region's web hosts, one to four. */
  webServers: readonly BalancedServer[];
  /** Members of etcd that the region's web hosts reach through here, and this gateway's address in the region. */
  etcd: { address: string; members: readonly EtcdMember[] };
  /** Addresses of hops whose X-Forwarded-For is believed: the edge's on the link. Empty: nobody's. */
  trustedHops: readonly string[];
}

export interface BalancerHostArgs extends RegionBalancer {
  target: HostTarget;
  tls: SiteTls;
}

/** The most web hosts that one region's balancer takes. */
const maxWebServers = 4;
const installSeconds = 300;

/** The text of a region balancer's haproxy.cfg. Throws, naming the argument, when one is missing or malformed. */
export function regionConfig({ domain, webServers, trustedHops, etcd }: RegionBalancer): string {
  requireDomain(domain);
  requireServers("webServers", webServers, maxWebServers);
  for (const address of trustedHops) requireAddress("trustedHops", address);
  const hops = trustedHops.length === 0 ? "always_false" : `src ${trustedHops.join(" ")}`;
  return render(hostFile("haproxy/region.cfg"), {
    DOMAIN: domain,
    TRUSTED_HOP: `acl trusted_hop ${hops}`,
    SERVERS: serverLines(webServers),
    ETCD: etcdLines(etcd),
  });
}

/** The port of the gateway behind which the member with that number stands, from 1 on. */
export function etcdPort(number: number): number {
  return 2390 + number;
}

/**
 * A web host has no way past its gateway, whose own member may be cut off from the majority: the others are reached
 * through it. TLS goes through as it is.
 */
function etcdLines({ address, members }: RegionBalancer["etcd"]): string {
  requireAddress("etcd.address", address);
  return members
    .map((member, i) => {
      requireAddress(`etcd.members: ${member.name}`, member.address);
      const lines = [
        `listen etcd-${member.name}`,
        `bind ${address}:${etcdPort(i + 1)}`,
        "mode tcp",
        "option tcplog",
        `server ${member.name} ${member.address}:2379`,
      ];
      return `${lines.join("\n    ")}\n`;
    })
    .join("\n");
}

/** HAProxy on a region's gateway: TLS ends here and is begun anew towards the web hosts, judged by /evenkeel/live. */
export class BalancerHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<BalancerFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: BalancerHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const config = regionConfig(args);
    super("evenkeel:host:Balancer", name, {}, opts);
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "balancer",
        files: balancerFiles(config, args.tls),
        script: hostFile("haproxy/setup.sh"),
        timeoutSeconds: installSeconds,
      },
      { parent: this },
    );
    this.facts = facts<BalancerFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }
}
