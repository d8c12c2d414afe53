import * as pulumi from "@pulumi/pulumi";
import type { SiteConfig } from "../config.ts";
import { BalancerHost } from "../host/balancer.ts";
import { CacheHost } from "../host/cache.ts";
import { DatabaseHost } from "../host/database.ts";
import { EtcdHost } from "../host/etcd.ts";
import { KeeperHost } from "../host/keeper.ts";
import type { HostTarget } from "../host/remote.ts";
import { StorageHost } from "../host/storage.ts";
import { WebHost } from "../host/web.ts";
import { type LabAccess, siteUrls } from "../lab/connections.ts";
import {
  cacheArgs,
  databaseArgs,
  etcdArgs,
  hasWordpress,
  storageArgs,
  storeOutputs,
  webArgs,
  webTierTls,
} from "../lab/host-args.ts";
import { keeperArgs, otherMembers } from "../lab/keeper-args.ts";
import { regionMachines } from "../lab/names.ts";
import { LabPlace, type NamedMachine, type PlacedMachine } from "../lab/place.ts";
import type { RegionOutputs } from "../outputs.ts";
import type { RegionPlan } from "../plan.ts";

export interface LabRegionArgs {
  config: SiteConfig;
  plan: RegionPlan;
  access: LabAccess;
}

/** A region of the lab: its networks, a gateway, a database host and web hosts. Nothing here knows who is active. */
export class LabRegion extends pulumi.ComponentResource {
  readonly outputs: pulumi.Output<RegionOutputs>;

  constructor(name: string, args: LabRegionArgs, opts?: pulumi.ComponentResourceOptions) {
    super("evenkeel:region:Lab", name, {}, opts);
    const place = this.buildPlace(name, args);
    const machines = regionMachines(args.plan);
    const gateway = place.gateway({ resolveAt: args.config.third.peering.edge });
    const database = place.machine("database", machines.database, gateway);
    const caches = args.config.cache === "none" ? [] : [place.machine("cache", machines.cache, gateway)];
    const stores =
      args.config.objectStore === "none" ? [] : [place.machine("store", machines.store, gateway)];
    const web = machines.web.map((host) => place.machine("web", host, gateway, args.plan.uploadsVolumeGb));
    this.balance(name, args, gateway.target);
    const keptDatabase = this.keepDatabase(name, args, database.target);
    this.keep(name, args, { id: database.id, kind: "database" }, database.target, [keptDatabase]);
    this.keepEtcd(name, args, gateway.target);
    for (const cache of caches) this.remember(name, args, cache.target);
    for (const store of stores) this.store(name, args, store.target);
    for (const [i, host] of web.entries()) {
      const { address } = machines.web[i] as NamedMachine;
      // Before the role, which lets visitors come once the gate is settled: by then the keeper has to know of the lease.
      const keeper = this.keep(name, args, { id: host.id, kind: "web" }, host.target, []);
      new WebHost(
        `${name}-web-${i + 1}`,
        { target: host.target, ...webArgs(args.config, args.plan, address, args.access) },
        { parent: this, dependsOn: [keeper] },
      );
    }
    this.outputs = this.describe(args, [gateway, database, ...caches, ...stores, ...web]);
    this.registerOutputs({ outputs: this.outputs });
  }

  private buildPlace(name: string, { config, plan, access }: LabRegionArgs): LabPlace {
    const { gateway } = regionMachines(plan);
    return new LabPlace(
      name,
      { config, access, place: plan.name, subnet: plan.subnet, outside: gateway, role: "gateway" },
      { parent: this },
    );
  }

  private balance(name: string, { config, plan, access }: LabRegionArgs, target: HostTarget) {
    new BalancerHost(
      `${name}-balancer`,
      {
        target,
        domain: config.domain,
        webServers: regionMachines(plan).web.map(({ name, address }) => ({ name, address })),
        etcd: { address: plan.gateway, members: otherMembers(config, plan) },
        trustedHops: [config.third.peering.edge],
        tls: webTierTls(access.secrets),
      },
      { parent: this },
    );
  }

  private keepEtcd(name: string, { config, plan, access }: LabRegionArgs, target: HostTarget) {
    const args = etcdArgs(config, plan.name, [plan.gateway], access);
    new EtcdHost(`${name}-etcd`, { target, ...args }, { parent: this });
  }

  private keepDatabase(name: string, { config, plan, access }: LabRegionArgs, target: HostTarget) {
    return new DatabaseHost(
      `${name}-database`,
      { target, ...databaseArgs(config, plan, access) },
      { parent: this },
    );
  }

  private keep(
    name: string,
    { config, plan, access }: LabRegionArgs,
    host: { id: string; kind: "database" | "web" },
    target: HostTarget,
    dependsOn: pulumi.Resource[],
  ): KeeperHost {
    const resource = `${name}-keeper-${host.id.split("/")[1]}`;
    const args = { target, ...keeperArgs(config, plan, host, access) };
    return new KeeperHost(resource, args, { parent: this, dependsOn });
  }

  private store(name: string, { config, plan, access }: LabRegionArgs, target: HostTarget) {
    new StorageHost(`${name}-store`, { target, ...storageArgs(config, plan, access) }, { parent: this });
  }

  private remember(name: string, { config, plan, access }: LabRegionArgs, target: HostTarget) {
    new CacheHost(`${name}-cache`, { target, ...cacheArgs(config, plan, access) }, { parent: this });
  }

  private describe(
    { config, plan, access }: LabRegionArgs,
    machines: PlacedMachine[],
  ): pulumi.Output<RegionOutputs> {
    const peeringOf: Record<string, string> = {
      [`${plan.name}/gateway`]: plan.peering.gateway,
      [`${plan.name}/database`]: plan.peering.database,
    };
    return pulumi.output({
      apiVersion: "evenkeel/v1" as const,
      site: config.site,
      region: plan.name,
      provider: config.provider,
      location: plan.location,
      url: siteUrls(config, access.ports).regions[plan.name] as string,
      hosts: machines.map((machine) => machine.describe(peeringOf[machine.id] ?? null)),
      store: config.objectStore === "none" ? null : storeOutputs(config, plan),
      uploadsVolumeGb: plan.uploadsVolumeGb,
      wordpress: hasWordpress(config, access),
      database: { engine: config.engine, hostId: `${plan.name}/database`, serverId: plan.index },
    });
  }
}
