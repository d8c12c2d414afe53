import * as pulumi from "@pulumi/pulumi";
import { zoneNames } from "../plan.ts";
import { secretShapes } from "../secrets.ts";
import {
  type BalancedServer,
  requireAddress,
  requireDomain,
  requireServers,
  trafficCommand,
} from "./haproxy.ts";
import { facts, type HostFile, type HostTarget, hostRole } from "./remote.ts";
import { hostFile, render } from "./render.ts";

export interface HealthRoutedZone {
  /** The site's public name; it is also the zone. */
  domain: string;
  /** The regions' balancers: addresses that are checked and answered. */
  regions: readonly BalancedServer[];
  /** Address of this name server, for the zone's NS record. Default: none, the NS name stays without an address. */
  address?: string;
}

export interface DnsHostArgs extends HealthRoutedZone {
  target: HostTarget;
  /** Key of PowerDNS's HTTP API, which listens on 127.0.0.1 only. */
  apiKey: pulumi.Input<string>;
}

export interface DnsFacts {
  powerdns: string;
  zone: string;
}

const maxRegions = 16;
const installSeconds = 300;

/**
 * The zone in master-file format. Throws, naming the argument, when one is missing or malformed. Health decides
 * what is answered for the zone's name and for www; `<region>.<domain>` are plain records.
 */
export function zoneFile({ domain, regions, address }: HealthRoutedZone): string {
  requireDomain(domain);
  requireServers("regions", regions, maxRegions);
  const taken = regions.find(({ name }) => zoneNames.includes(name));
  if (taken !== undefined)
    throw new Error(`regions: the name ${taken.name} is taken in the zone; choose another`);
  if (address !== undefined) requireAddress("address", address);
  const own = address === undefined ? [] : [`ns1 IN A ${address}`];
  return render(hostFile("powerdns/zone"), {
    DOMAIN: domain,
    ADDRESSES: regions.map((region) => `'${region.address}'`).join(","),
    PLAIN_RECORDS: [...own, ...regions.map((region) => `${region.name} IN A ${region.address}`)].join("\n"),
  });
}

/** The text of pdns.conf. The key is restricted to characters that a line of it can hold. */
export function powerdnsConfig(apiKey: string): string {
  const { pattern, words } = secretShapes.apiKey;
  if (!pattern.test(apiKey)) throw new Error(`apiKey: ${words} are needed`);
  return render(hostFile("powerdns/pdns.conf"), { API_KEY: apiKey });
}

/** PowerDNS in the third place: answers the site's name with the region whose /evenkeel/active says 200. */
export class DnsHost extends pulumi.ComponentResource {
  readonly facts: pulumi.Output<DnsFacts>;
  readonly ready: pulumi.Output<string>;

  constructor(name: string, args: DnsHostArgs, opts?: pulumi.ComponentResourceOptions) {
    const zone = zoneFile(args);
    super("evenkeel:host:Dns", name, {}, opts);
    const role = hostRole(
      name,
      {
        target: args.target,
        role: "dns",
        files: this.files(zone, args),
        script: render(hostFile("powerdns/setup.sh"), { DOMAIN: args.domain }),
        timeoutSeconds: installSeconds,
      },
      { parent: this },
    );
    this.facts = facts<DnsFacts>(role);
    this.ready = role.id;
    this.registerOutputs({ facts: this.facts, ready: this.ready });
  }

  private files(zone: string, { domain, apiKey }: DnsHostArgs): HostFile[] {
    const unit = render(hostFile("powerdns/evenkeel.conf"), { DOMAIN: domain });
    return [
      trafficCommand(),
      { path: "/etc/evenkeel/pdns.conf", content: pulumi.output(apiKey).apply(powerdnsConfig), mode: "0600" },
      { path: "/etc/evenkeel/zone", content: zone },
      { path: "/etc/systemd/system/pdns.service.d/evenkeel.conf", content: unit },
    ];
  }
}
