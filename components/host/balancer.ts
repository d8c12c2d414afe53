import * as pulumi from "@pulumi/pulumi";
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
export function regionConfig({ domain, webServers, trustedHops }: RegionBalancer): string {
  requireDomain(domain);
  requireServers("webServers", webServers, maxWebServers);
  for (const address of trustedHops) requireAddress("trustedHops", address);
  const hops = trustedHops.length === 0 ? "always_false" : `src ${trustedHops.join(" ")}`;
  return render(hostFile("haproxy/region.cfg"), {
    DOMAIN: domain,
    TRUSTED_HOP: `acl trusted_hop ${hops}`,
    SERVERS: serverLines(webServers),
  });
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
