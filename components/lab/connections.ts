import type { SiteConfig } from "../config.ts";
import type { HostConnection, HostHop } from "../host/remote.ts";
import type { HostOutputs } from "../outputs.ts";
import { hostKeyPair, type SiteSecrets } from "../secrets.ts";
import {
  type LabCore,
  type LabDropIn,
  type LabNode,
  type LabPorts,
  type LabStore,
  placePorts,
} from "./site-files.ts";

export const loginUser = "evenkeel";

/** What this clone keeps of a lab site, read once by index.ts. Only gateways have ports on this machine. */
export interface LabAccess {
  secrets: SiteSecrets;
  ports: LabPorts;
  core: LabCore;
  /** null where the site has no object store. */
  store: LabStore | null;
  keeperNode: LabNode;
  /** null where WordPress is not wanted on PostgreSQL, or can't be had there. */
  dropIn: LabDropIn | null;
}

/** The one host of a place that has an outside leg: the gateway of a region, the edge of the third place. */
export function gatewayHop(access: LabAccess, place: string): HostHop {
  return {
    host: "127.0.0.1",
    port: placePorts(access.ports, place).ssh,
    user: loginUser,
    privateKey: access.secrets.ssh.user.privateKey,
    hostKey: hostKeyPair(access.secrets, gatewayId(place)).publicKey,
  };
}

/** A host behind the gateway of its place, at its address there. */
export function innerConnection(
  access: LabAccess,
  place: string,
  hostId: string,
  address: string,
): HostConnection {
  return {
    host: address,
    port: 22,
    user: loginUser,
    privateKey: access.secrets.ssh.user.privateKey,
    hostKey: hostKeyPair(access.secrets, hostId).publicKey,
    proxy: gatewayHop(access, place),
  };
}

export function gatewayId(place: string): string {
  return place === "third" ? "third/edge" : `${place}/gateway`;
}

/** The `ssh` part of a host's outputs: no secret in it. */
export function sshOutputs(
  access: LabAccess,
  place: string,
  hostId: string,
  address: string,
): HostOutputs["ssh"] {
  const hostKey = hostKeyPair(access.secrets, hostId).publicKey;
  return hostId === gatewayId(place)
    ? {
        host: "127.0.0.1",
        port: placePorts(access.ports, place).ssh,
        user: loginUser,
        hostKey,
        proxyHostId: null,
      }
    : { host: address, port: 22, user: loginUser, hostKey, proxyHostId: gatewayId(place) };
}

/**
 * Hosts by name ("database.secondary"), for a host of `place`: its own region at the addresses there, every other
 * region's gateway and database at their addresses on the link. So no host needs a look-up in another place.
 */
export function knownHosts(config: SiteConfig, place: string): Record<string, string> {
  const hosts: Record<string, string> = {};
  for (const plan of config.regionPlans) {
    const own = plan.name === place;
    hosts[`gateway.${plan.name}`] = own ? plan.gateway : plan.peering.gateway;
    hosts[`database.${plan.name}`] = own ? plan.database : plan.peering.database;
    if (own) {
      if (config.objectStore === "s3") hosts[`store.${plan.name}`] = plan.store;
      if (config.cache === "redis") hosts[`cache.${plan.name}`] = plan.cache;
      for (const [i, address] of plan.web.entries()) hosts[`web-${i + 1}.${plan.name}`] = address;
    }
  }
  hosts["edge.third"] = place === "third" ? config.third.edge : config.third.peering.edge;
  return hosts;
}

/** The addresses at which people of this machine reach the site, the active region first by way of the edge. */
export function siteUrls(
  config: SiteConfig,
  ports: LabPorts,
): { edge: string; regions: Record<string, string>; public: string } {
  const local = (place: string) => `https://localhost:${placePorts(ports, place).https}`;
  return {
    public: `https://${config.domain}`,
    edge: local("third"),
    regions: Object.fromEntries(config.regionPlans.map((plan) => [plan.name, local(plan.name)])),
  };
}
