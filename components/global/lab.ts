import * as pulumi from "@pulumi/pulumi";
import type { SiteConfig } from "../config.ts";
import { DnsHost } from "../host/dns.ts";
import { EdgeHost } from "../host/edge.ts";
import { EtcdHost } from "../host/etcd.ts";
import { facts, type HostTarget, hostCommand } from "../host/remote.ts";
import { gatewayHop, innerConnection, type LabAccess, siteUrls } from "../lab/connections.ts";
import { etcdArgs, webTierTls } from "../lab/host-args.ts";
import { labCommand } from "../lab/machine.ts";
import { edgeMachine, peeringNetwork, regionMachines } from "../lab/names.ts";
import { LabPlace, type PlacedMachine } from "../lab/place.ts";
import { placePorts } from "../lab/site-files.ts";
import { type GlobalOutputs, outputName, type RegionOutputs, readRegion } from "../outputs.ts";
import { etcdMembers } from "../plan.ts";
import { joinEtcd } from "./etcd.ts";

export interface LabGlobalArgs {
  config: SiteConfig;
  access: LabAccess;
}

const verbSeconds = { birth: 120, install: 240, seed: 1800, settle: 60 };

/** What joins the regions of a lab site, in this order: link, third place, etcd, birth and seeding, gates, traffic. */
export class LabGlobal extends pulumi.ComponentResource {
  readonly outputs: pulumi.Output<GlobalOutputs>;
  private readonly args: LabGlobalArgs;
  private readonly name: string;
  private readonly regions: Record<string, pulumi.Output<RegionOutputs>>;

  constructor(name: string, args: LabGlobalArgs, opts?: pulumi.ComponentResourceOptions) {
    super("evenkeel:global:Lab", name, {}, opts);
    this.args = args;
    this.name = name;
    this.regions = this.readRegions();
    const link = this.link();
    const edge = this.thirdPlace(link);
    const members = this.joinEtcd(edge, [link, edge.resource]);
    const birth = this.birth([link, edge.resource, ...members]);
    const { initialActive, regions } = args.config;
    // At birth the first region's own seeding has nothing to do; once it was made again it must come before the rest.
    const first = this.seed(initialActive, [birth]);
    const installed = this.installSite([first]);
    const others = regions.filter((region) => region !== initialActive);
    const seeded = others.map((region) => this.seed(region, [installed]));
    this.settleGates([installed, ...seeded]);
    this.outputs = this.describe(edge, facts<{ region: string | null; epoch: number }>(birth));
    this.registerOutputs({ outputs: this.outputs });
  }

  private readRegions() {
    const { config } = this.args;
    const read = (region: string) => {
      const stack = `organization/${config.site}/${region}`;
      const reference = new pulumi.StackReference(
        `${this.name}-${region}`,
        { name: stack },
        { parent: this },
      );
      return reference.getOutput(outputName).apply((value) => readRegion(region, value));
    };
    return Object.fromEntries(config.regions.map((region) => [region, read(region)]));
  }

  /** The private link: the peering network with a leg of each gateway and database. Made again for a new machine. */
  private link() {
    const { config } = this.args;
    const input = pulumi.all(Object.values(this.regions)).apply((regions) => {
      const hosts = regions
        .flatMap((region) => region.hosts)
        .filter(({ peeringAddress }) => peeringAddress !== null);
      return {
        site: config.site,
        subnet: config.peering.subnet,
        members: hosts.map(({ name, peeringAddress }) => ({ container: name, address: peeringAddress })),
        // A machine made again has lost its leg: its new id runs this again.
        machines: hosts.map(({ machineId }) => machineId),
      };
    });
    return labCommand(
      `${this.name}-link`,
      { kind: "link", name: this.peeringNetwork, input, timeoutSeconds: 60 },
      { parent: this },
    );
  }

  private thirdPlace(link: pulumi.Resource): PlacedMachine {
    const { config, access } = this.args;
    const { third } = config;
    const outside = edgeMachine(third);
    const place = new LabPlace(
      `${this.name}-third`,
      { config, access, place: "third", subnet: third.subnet, outside, role: "edge" },
      { parent: this },
    );
    const peering = { network: this.peeringNetwork, address: third.peering.edge };
    const edge = place.gateway({ resolveAt: null, peering, after: [link] });
    this.traffic(edge.target);
    return edge;
  }

  private joinEtcd(edge: PlacedMachine, after: pulumi.Resource[]): pulumi.Resource[] {
    const { config, access } = this.args;
    const ofRegion = (region: string): HostTarget => ({
      connection: gatewayHop(access, region),
      machineId: this.machineId(region, `${region}/gateway`),
    });
    const members = etcdMembers(config).map(({ name }) => ({
      name,
      target: name === "third" ? edge.target : ofRegion(name),
    }));
    const witness = members.some(({ name }) => name === "third") ? [this.witness(edge.target)] : [];
    return joinEtcd(this.name, { members, first: config.initialActive, after: [...after, ...witness] }, this);
  }

  private witness(target: HostTarget): pulumi.Resource {
    const { config, access } = this.args;
    const args = etcdArgs(config, "third", [], access);
    return new EtcdHost(`${this.name}-etcd`, { target, ...args }, { parent: this });
  }

  /** Both are health-routed by /evenkeel/active, so they may be up before the site is: nothing answers 200 until then. */
  private traffic(target: HostTarget) {
    const { config, access } = this.args;
    const regions = config.regionPlans.map((plan) => ({ name: plan.name, address: plan.peering.gateway }));
    const tls = webTierTls(access.secrets);
    const edge = new EdgeHost(
      `${this.name}-edge`,
      { target, domain: config.domain, regions, tls },
      { parent: this },
    );
    new DnsHost(
      `${this.name}-dns`,
      {
        target,
        domain: config.domain,
        regions,
        address: config.third.peering.edge,
        apiKey: access.secrets.dns.apiKey,
      },
      { parent: this, dependsOn: [edge] },
    );
  }

  /**
   * The one protected resource: the site's first writer. Where an epoch is known anywhere it only reports, and once it
   * was made it does nothing else ever: a site whose databases are all gone is not quietly begun anew.
   */
  private birth(after: pulumi.Resource[]) {
    const first = this.args.config.initialActive;
    return hostCommand(
      `${this.name}-birth`,
      {
        target: this.target(first, `${first}/database`),
        command: "sudo -n timeout -k 10 @@SECONDS@@ evenkeel-db birth --deadline 60",
        later: "sudo -n timeout -k 10 @@SECONDS@@ evenkeel-db birth --report --deadline 60",
        timeoutSeconds: verbSeconds.birth,
      },
      { parent: this, dependsOn: after, protect: true },
    );
  }

  private installSite(after: pulumi.Resource[]) {
    const first = this.args.config.initialActive;
    return hostCommand(
      `${this.name}-install`,
      {
        target: this.target(first, `${first}/web-1`),
        command: "sudo -n timeout -k 10 @@SECONDS@@ evenkeel-web install",
        again: [this.machineId(first, `${first}/database`)],
        timeoutSeconds: verbSeconds.install,
      },
      { parent: this, dependsOn: after },
    );
  }

  /** Fills an empty, un-joined database from whoever is the writer now; any other is left as it is. */
  private seed(region: string, after: pulumi.Resource[]) {
    return hostCommand(
      `${this.name}-seed-${region}`,
      {
        target: this.target(region, `${region}/database`),
        command: "sudo -n timeout -k 10 @@SECONDS@@ evenkeel-db seed --deadline 1700",
        timeoutSeconds: verbSeconds.seed,
      },
      { parent: this, dependsOn: after },
    );
  }

  private settleGates(seeded: pulumi.Resource[]) {
    return this.args.config.regionPlans.flatMap((plan) =>
      regionMachines(plan).web.map((host, i) =>
        hostCommand(
          `${this.name}-gate-${plan.name}-${i + 1}`,
          {
            target: this.target(plan.name, host.id),
            command: "sudo -n timeout -k 10 @@SECONDS@@ evenkeel-web settle",
            again: [this.machineId(plan.name, `${plan.name}/database`)],
            timeoutSeconds: verbSeconds.settle,
          },
          { parent: this, dependsOn: seeded },
        ),
      ),
    );
  }

  private target(region: string, hostId: string): HostTarget {
    const plan = this.args.config.regionPlans.find((one) => one.name === region);
    if (plan === undefined) throw new Error(`${region} is not one of the site's regions`);
    const { database, web } = regionMachines(plan);
    const host = [database, ...web].find((one) => one.id === hostId);
    if (host === undefined) throw new Error(`${hostId} is not a host of ${region}`);
    return {
      connection: innerConnection(this.args.access, region, hostId, host.address),
      machineId: this.machineId(region, hostId),
    };
  }

  private machineId(region: string, hostId: string): pulumi.Output<string> {
    const outputs = this.regions[region] as pulumi.Output<RegionOutputs>;
    return outputs.apply(({ hosts }) => {
      const host = hosts.find(({ id }) => id === hostId);
      if (host === undefined)
        throw new Error(`the stack ${region} has no ${hostId}: run pulumi up -s ${region}`);
      return host.machineId;
    });
  }

  private get peeringNetwork(): string {
    return peeringNetwork(this.args.config.site);
  }

  private describe(
    edge: PlacedMachine,
    birth: pulumi.Output<{ region: string | null; epoch: number }>,
  ): pulumi.Output<GlobalOutputs> {
    const { config, access } = this.args;
    return pulumi.output({
      apiVersion: "evenkeel/v1" as const,
      site: config.site,
      url: siteUrls(config, access.ports).edge,
      dns: { server: "127.0.0.1", port: placePorts(access.ports, "third").dns, name: config.domain },
      hosts: [edge.describe(config.third.peering.edge)],
      birth: birth.apply(({ region, epoch }) => ({ region, epoch })),
    });
  }
}
