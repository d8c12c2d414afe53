import type { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { SiteConfig } from "../config.ts";
import type { HostConnection, HostTarget } from "../host/remote.ts";
import type { HostOutputs } from "../outputs.ts";
import { placeWords } from "../place-words.ts";
import { hostKeyPair } from "../secrets.ts";
import { gatewayHop, innerConnection, knownHosts, type LabAccess, sshOutputs } from "./connections.ts";
import { labImage } from "./image.ts";
import { type LabMachine, labCommand, labMachine, labVolumeDevice } from "./machine.ts";
import { placeNetworks, uploadsVolume } from "./names.ts";
import { placePorts } from "./site-files.ts";

const httpsPort = 443;
const sshPort = 22;
const dnsPort = 53;

export interface NamedMachine {
  id: string;
  name: string;
  address: string;
}

export interface LabPlaceArgs {
  config: SiteConfig;
  access: LabAccess;
  place: string;
  subnet: string;
  /** The one machine with an outside leg. */
  outside: NamedMachine;
  role: "gateway" | "edge";
}

/** A machine with what is needed to configure it (`target`) and to tell of it (`describe`). */
export interface PlacedMachine {
  id: string;
  target: HostTarget;
  resource: local.Command;
  describe(peeringAddress: string | null): pulumi.Output<HostOutputs>;
}

/**
 * A place of the lab: an internal network for all its hosts and an ordinary one for the single host that may look
 * out. Machines are made through it, so that none gets an outside leg by mistake.
 */
export class LabPlace extends pulumi.ComponentResource {
  private readonly args: LabPlaceArgs;
  private readonly networks: { inner: local.Command; outside: local.Command };
  private readonly named: { inner: string; outside: string };
  private readonly name: string;

  constructor(name: string, args: LabPlaceArgs, opts: pulumi.ComponentResourceOptions) {
    super("evenkeel:lab:Place", name, {}, opts);
    this.name = name;
    this.args = args;
    this.named = placeNetworks(args.config.site, args.place);
    const network = (suffix: string, named: string, subnet: string | null) =>
      labCommand(
        `${name}-network${suffix}`,
        {
          kind: "network",
          name: named,
          input: { site: args.config.site, place: args.place, subnet, internal: suffix === "" },
          timeoutSeconds: 60,
        },
        { parent: this },
      );
    const { inner, outside } = this.named;
    this.networks = { inner: network("", inner, args.subnet), outside: network("-outside", outside, null) };
    this.registerOutputs({});
  }

  /** The gateway (or edge): outside leg, SSH and HTTPS published on 127.0.0.1, guard on. */
  gateway(options: {
    resolveAt: string | null;
    peering?: { network: string; address: string };
    after?: pulumi.Resource[];
  }): PlacedMachine {
    const { access, config, outside, place, role } = this.args;
    const ports = placePorts(access.ports, place);
    const publish = [
      { port: ports.ssh, target: sshPort, protocol: "tcp" as const },
      { port: ports.https, target: httpsPort, protocol: "tcp" as const },
    ];
    const dns = (["udp", "tcp"] as const).map((protocol) => ({ port: ports.dns, target: dnsPort, protocol }));
    const legs = [
      { name: this.named.outside, address: null },
      { name: this.named.inner, address: outside.address },
      ...(options.peering === undefined
        ? []
        : [{ name: options.peering.network, address: options.peering.address }]),
    ];
    const machine = this.make(outside, {
      role,
      networks: legs,
      gatewayAddress: null,
      publish: role === "edge" ? [...publish, ...dns] : publish,
      volume: null,
      resolver: options.resolveAt === null ? null : { zone: config.domain, zoneServer: options.resolveAt },
      dependsOn: [this.networks.inner, this.networks.outside, ...(options.after ?? [])],
    });
    return this.placed(outside, role, machine, gatewayHop(access, place));
  }

  /** A host of the place's own network only; it finds packages and names at the gateway. */
  machine(
    role: "database" | "cache" | "store" | "web",
    host: NamedMachine,
    gateway: PlacedMachine,
    volumeGb = 0,
  ): PlacedMachine {
    const { access, outside, place } = this.args;
    const volume = volumeGb === 0 ? null : this.volume(host, volumeGb);
    const machine = this.make(host, {
      role,
      networks: [{ name: this.named.inner, address: host.address }],
      gatewayAddress: outside.address,
      publish: [],
      resolver: null,
      volume: volume === null ? null : { name: volume.name, sizeGb: volumeGb },
      dependsOn: [gateway.resource, ...(volume === null ? [] : [volume.resource])],
    });
    return this.placed(host, role, machine, innerConnection(access, place, host.id, host.address));
  }

  /** Outlives the machine that it is attached to, as a cloud's does. */
  private volume(host: NamedMachine, sizeGb: number) {
    const name = uploadsVolume(host.name);
    const { config, place } = this.args;
    const resource = labCommand(
      `${this.name}-${host.id.slice(place.length + 1)}-uploads`,
      { kind: "volume", name, input: { site: config.site, place, sizeGb }, timeoutSeconds: 60 },
      { parent: this },
    );
    return { name, resource };
  }

  private make(
    host: NamedMachine,
    options: Pick<
      Parameters<typeof labMachine>[1],
      "role" | "networks" | "gatewayAddress" | "publish" | "resolver" | "volume"
    > & {
      dependsOn: pulumi.Resource[];
    },
  ): LabMachine {
    const { access, config, place } = this.args;
    const { dependsOn, ...args } = options;
    const keys = hostKeyPair(access.secrets, host.id);
    return labMachine(
      `${this.name}-${host.id.slice(place.length + 1)}-machine`,
      {
        site: config.site,
        place,
        image: labImage(),
        name: host.name,
        extraHosts: knownHosts(config, place),
        ssh: {
          authorizedKey: access.secrets.ssh.user.publicKey,
          hostPrivateKey: keys.privateKey,
          hostPublicKey: keys.publicKey,
        },
        ...args,
      },
      { parent: this, dependsOn },
    );
  }

  private placed(
    host: NamedMachine,
    role: HostOutputs["role"],
    machine: LabMachine,
    connection: HostConnection,
  ): PlacedMachine {
    const { access, config, place } = this.args;
    const words = placeWords(config.regionPlans, place, {
      databaseKey: ({ name }) => hostKeyPair(access.secrets, `${name}/database`).publicKey,
      uploadsDevice: ({ uploadsVolumeGb }) => (uploadsVolumeGb === 0 ? null : labVolumeDevice),
    });
    return {
      id: host.id,
      resource: machine.resource,
      target: { connection, machineId: machine.machineId, words },
      describe: (peeringAddress) =>
        pulumi.output({
          id: host.id,
          name: host.name,
          role,
          address: host.address,
          peeringAddress,
          machineId: machine.machineId,
          ssh: sshOutputs(access, place, host.id, host.address),
          machineUrn: machine.machineUrn,
        }),
    };
  }
}
