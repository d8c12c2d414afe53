import { local } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HostOutputs } from "../outputs.ts";

/** lab-host.sh of this clone, found through EVENKEEL_HOME so that no path of a machine enters the state. */
const labHost = 'bash "$EVENKEEL_HOME/components/lab/lab-host.sh"';

export interface LabCommandArgs {
  kind: "network" | "volume" | "host" | "link";
  /** Name of the network, volume or container. */
  name: string;
  /** What lab-host.sh reads from standard input; `delete` heeds the site alone. May hold secrets. A change runs `create` again, in place. */
  input: pulumi.Input<Record<string, unknown>>;
  timeoutSeconds: number;
}

/** A thing of the lab: made by `lab-host.sh KIND create NAME`, unmade by `… delete NAME`. */
export function labCommand(
  name: string,
  args: LabCommandArgs,
  opts: pulumi.CustomResourceOptions,
): local.Command {
  const create = `${labHost} ${args.kind} create ${args.name}`;
  const timeout = `${args.timeoutSeconds}s`;
  return new local.Command(
    name,
    {
      create,
      update: create,
      delete: `${labHost} ${args.kind} delete ${args.name}`,
      stdin: pulumi.secret(pulumi.jsonStringify(args.input)),
      logging: local.Logging.None,
      addPreviousOutputInEnv: false,
    },
    {
      ...opts,
      deleteBeforeReplace: true,
      customTimeouts: { create: timeout, update: timeout, delete: timeout },
    },
  );
}

export interface LabMachineArgs {
  site: string;
  place: string;
  role: HostOutputs["role"];
  image: string;
  /** Container and host name. */
  name: string;
  networks: { name: string; address: string | null }[];
  /** Where hosts without an outside leg find packages and names; null for the gateway itself. */
  gatewayAddress: string | null;
  publish: { port: number; target: number; protocol: "tcp" | "udp" }[];
  extraHosts: Record<string, string>;
  ssh: { authorizedKey: string; hostPrivateKey: string; hostPublicKey: string };
  resolver: { zone: string; zoneServer: string } | null;
  /** A volume of the lab that the host sees as the block device `labVolumeDevice`. */
  volume: { name: string; sizeGb: number } | null;
}

/** The same on every host that has a volume (image/files/usr/local/lib/evenkeel-lab/volume). */
export const labVolumeDevice = "/dev/evenkeel-uploads";

export interface LabMachine {
  resource: local.Command;
  /** First 32 characters of the container's id: new at each creation. */
  machineId: pulumi.Output<string>;
  machineUrn: pulumi.Output<string>;
}

/**
 * A machine of the lab. Only a gateway or an edge has an outside leg, and then the guard is on it.
 */
export function labMachine(
  resourceName: string,
  args: LabMachineArgs,
  opts: pulumi.CustomResourceOptions,
): LabMachine {
  const { name, ...input } = args;
  const guard = args.role === "gateway" || args.role === "edge";
  const resource = labCommand(
    resourceName,
    { kind: "host", name, input: { ...input, guard }, timeoutSeconds: 180 },
    opts,
  );
  const machineId = pulumi
    .unsecret(resource.stdout)
    .apply((text) => (JSON.parse(text ?? "{}") as { machineId: string }).machineId);
  return { resource, machineId, machineUrn: resource.urn };
}
