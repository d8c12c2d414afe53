import type { SiteConfig } from "../config.ts";
import { etcdPort } from "../host/balancer.ts";
import type { EtcdMember } from "../host/etcd.ts";
import { type KeeperHostArgs, nearLease } from "../host/keeper.ts";
import { etcdMembers, type RegionPlan } from "../plan.ts";
import type { LabAccess } from "./connections.ts";

/** The members of etcd besides a region's own. */
export function otherMembers(
  config: Pick<SiteConfig, "regionPlans" | "third">,
  plan: RegionPlan,
): EtcdMember[] {
  return etcdMembers(config).filter(({ name }) => name !== plan.name);
}

/** The ports of the engines. */
const ports = { mariadb: 3306, postgresql: 5432 };

/**
 * Arguments of the keeper of a region's host. A database host reaches every member of etcd over the link, its own
 * region's first; a web host has no way past its gateway, which brings it to them.
 */
export function keeperArgs(
  config: SiteConfig,
  plan: RegionPlan,
  host: { id: string; kind: "database" | "web" },
  { secrets, keeperNode }: LabAccess,
): Omit<KeeperHostArgs, "target"> {
  const own = secrets.tls.keepers[host.id];
  if (own === undefined)
    throw new Error(`the secrets hold no keeper's certificate for ${host.id}: run npx evenkeel env`);
  const others = config.regionPlans.filter(({ name }) => name !== plan.name);
  const link = [plan.peering.gateway, ...otherMembers(config, plan).map(({ address }) => address)];
  const addresses =
    host.kind === "web"
      ? link.map((_, i) => `${plan.gateway}:${i === 0 ? 2379 : etcdPort(i)}`)
      : link.map((address) => `${address}:2379`);
  return {
    site: config.site,
    region: plan.name,
    host: host.kind,
    peers: others.map(({ name }) => name),
    port: ports[config.engine],
    etcd: { addresses, serverName: `etcd.${config.domain}` },
    durability: config.durability,
    boundedWaitSeconds: config.boundedWaitSeconds,
    lease: nearLease,
    mostAckers: config.engine === "mariadb" ? 1 : Math.max(1, others.length),
    node: keeperNode,
    tls: { ca: secrets.tls.ca.certificate, certificate: own.certificate, key: own.key },
  };
}
