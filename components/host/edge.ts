import * as pulumi from "@pulumi/pulumi";
import {
  type BalancedServer,
  type BalancerFacts,
  balancerFiles,
  requireDomain,
  requireServers,
  type SiteTls,
  serverLines,
} from "./haproxy.ts";
import { facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

export interface EdgeBalancer {
  /** The site's public name. */
  domain: string;
  /** The regions' balancers, by their addresses on the link. */
  regions: readonly BalancedServer[];
}

export interface EdgeHostArgs extends EdgeBalancer {
  target: HostTarget;
  tls: SiteTls;
}

const maxRegions = 16;
const installSeconds = 300;

/** The text of the edge's haproxy.cfg. Throws, naming the argument, when one is missing or malformed. */
export function edgeConfig({ domain, regions }: EdgeBalancer): string {
  requireDomain(domain);
  requireServers("regions", regions, maxRegions);
  return render(hostFile("haproxy/edge.cfg"), { DOMAIN: domain, SERVERS: serverLines(regions) });
}

/** The files of an edge: a balancer's, and the program by which it holds writes. */
export function edgeFiles(config: string, tls: SiteTls): HostFile[] {
  return [
    ...balancerFiles(config, tls),
    { path: "/etc/evenkeel/hold.lua", content: hostFile("haproxy/hold.lua") },
  ];
}

/** HAProxy in the third place: the region that answers /evenkeel/active with 200, else those that can be read. */
export class EdgeHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<BalancerFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: EdgeHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const config = edgeConfig(args);
    super("evenkeel:host:Edge", name, {}, opts);
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "edge",
        files: edgeFiles(config, args.tls),
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
