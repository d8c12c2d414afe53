import type { SiteConfig } from "../../components/config.ts";
import { etcdMembers, type RegionPlan } from "../../components/plan.ts";
import type { Request } from "./certificates.ts";

/** What of the configuration decides which secrets a site needs. */
export type SecretsPlan = Pick<SiteConfig, "site" | "domain" | "regionPlans" | "third">;

/** A certificate that a site has, and where in the secrets it stands: `tls.<section>.<key>`. */
export interface Leaf extends Request {
  section: "databases" | "stores" | "etcd" | "keepers";
  key: string;
}

/** The web tier's certificate, the same in every region: the public name, its sub-names and this machine. */
export function siteLeaf({ domain, regionPlans }: SecretsPlan): Request {
  const names = regionPlans.map(({ name }) => `${name}.${domain}`);
  return {
    commonName: domain,
    use: "server",
    dns: [domain, `*.${domain}`, ...names, "localhost"],
    ip: ["127.0.0.1"],
  };
}

/** Every other certificate of a site whose hosts have these ids. */
export function leavesOf(plan: SecretsPlan, hostIds: readonly string[]): Leaf[] {
  return [
    ...plan.regionPlans.flatMap((region) => serversOf(region, plan.domain)),
    ...membersOf(plan),
    ...hostIds.filter(hasKeeper).map(keeperOf),
  ];
}

function serversOf({ name, peering, database, store }: RegionPlan, domain: string): Leaf[] {
  const server = (section: Leaf["section"], role: string, ip: string[]): Leaf => {
    const commonName = `${role}.${name}.${domain}`;
    return { section, key: name, commonName, use: "server", dns: [commonName], ip };
  };
  return [server("databases", "database", [peering.database, database]), server("stores", "store", [store])];
}

/**
 * A member of etcd answers, asks its peers, and asks itself: its gateway for JSON is a client with the server's own
 * certificate. `etcd.<domain>` is common to all, for a client that takes whichever answers.
 */
function membersOf(plan: SecretsPlan): Leaf[] {
  const inPlace = new Map(plan.regionPlans.map(({ name, gateway }) => [name, [gateway]]));
  return etcdMembers(plan).map(({ name, address }) => ({
    section: "etcd",
    key: name,
    commonName: `etcd.${name}.${plan.domain}`,
    use: "both",
    dns: [`etcd.${plan.domain}`, `etcd.${name}.${plan.domain}`],
    ip: [address, ...(inPlace.get(name) ?? []), "127.0.0.1"],
  }));
}

/** Hosts whose keeper asks etcd who may write. */
function hasKeeper(hostId: string): boolean {
  return /\/(database|web-\d+)$/.test(hostId);
}

/** No names in it: etcd would compare them with the address that its holder comes from. */
function keeperOf(hostId: string): Leaf {
  return { section: "keepers", key: hostId, commonName: `keeper.${hostId}`, use: "client", dns: [], ip: [] };
}
