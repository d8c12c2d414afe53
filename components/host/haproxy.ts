import type * as pulumi from "@pulumi/pulumi";
import type { HostFile } from "./remote.ts";
import { hostFile } from "./render.ts";

/** What the web tier, the balancers and the edge show and trust: PEM texts, the certificate with its chain. */
export interface SiteTls {
  ca: pulumi.Input<string>;
  certificate: pulumi.Input<string>;
  key: pulumi.Input<string>;
}

/** Something a balancer sends requests to. `name` is stable over re-creations: status and drains go by it. */
export interface BalancedServer {
  name: string;
  address: string;
}

/** What a balancer's role printed: HAProxy's version, and a hash of the configuration and certificates in use. */
export interface BalancerFacts {
  haproxy: string;
  loaded: string;
}

const hostName = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+$/;
const serverName = /^[a-z][a-z0-9-]{0,62}$/;
const ipv4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?!$)|$)){4}$/;

/** Throws unless `domain` is a full host name in lower case: it is written into configuration and scripts. */
export function requireDomain(domain: string): void {
  if (!hostName.test(domain)) {
    throw new Error(`domain: "${domain}" is no full host name in lower case, such as shop.example.com`);
  }
}

/** Throws unless `address` is an IPv4 address. `what` names the argument. */
export function requireAddress(what: string, address: string): void {
  if (!ipv4.test(address)) throw new Error(`${what}: "${address}" is no IPv4 address`);
}

/** Throws unless there is at least one server, and names and addresses are well formed and used once. */
export function requireServers(what: string, servers: readonly BalancedServer[], most: number): void {
  if (servers.length < 1 || servers.length > most) {
    throw new Error(`${what}: ${servers.length} given, between 1 and ${most} needed`);
  }
  for (const { name, address } of servers) {
    if (!serverName.test(name)) throw new Error(`${what}: "${name}" is no name (a-z, 0-9 and -)`);
    requireAddress(`${what}: ${name}`, address);
  }
  for (const values of [servers.map((one) => one.name), servers.map((one) => one.address)]) {
    const twice = values.find((value, i) => values.indexOf(value) !== i);
    if (twice !== undefined) throw new Error(`${what}: ${twice} is given twice`);
  }
}

/** The `server` lines of a backend; port 443, everything else stands in the backend's default-server. */
export function serverLines(servers: readonly BalancedServer[]): string {
  return servers.map(({ name, address }) => `    server ${name} ${address}:443`).join("\n");
}

/** The host command that asks this host's own HAProxy and name server. */
export function trafficCommand(): HostFile {
  return {
    path: "/usr/local/sbin/evenkeel-traffic",
    content: hostFile("haproxy/evenkeel-traffic"),
    mode: "0755",
  };
}

/** The files of a balancer. The configuration lies beside the one in use until setup.sh has had it checked. */
export function balancerFiles(config: string, tls: SiteTls): HostFile[] {
  return [
    trafficCommand(),
    { path: "/etc/evenkeel/tls/ca.pem", content: tls.ca },
    { path: "/etc/evenkeel/tls/site.pem", content: tls.certificate },
    { path: "/etc/evenkeel/tls/site-key.pem", content: tls.key, mode: "0600" },
    { path: "/etc/evenkeel/haproxy.cfg", content: config },
  ];
}
