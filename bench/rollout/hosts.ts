import { levelsOf } from "./order.ts";
import type { Connection, Hop, LabStep, PushStep, RoleStep, Step, VerbStep } from "./recipe.ts";

/** A recipe sorted by what an Ansible user thinks in: hosts, and what is to be done on each. Pure. */

/** What lab-host.sh is told of a machine, as far as it is needed here. */
interface MachineInput {
  place: string;
  role: string;
  networks: { name: string; address: string | null }[];
  publish: { port: number; target: number; protocol: "tcp" | "udp" }[];
  volume: { name: string } | null;
}

/** A machine with all that makes and configures it. */
export interface BenchHost {
  /** The container's name, and the host's in the inventory. */
  name: string;
  place: string;
  /** "gateway" (a region's), "edge" (the third place's) or what else it is. */
  role: string;
  connection: Connection;
  /** Ports of this machine by the host's own: 443 is the site. */
  published: Record<number, number>;
  /** Networks and volumes that it brings along: those of its place where it is the place's way out. */
  things: LabStep[];
  machine: LabStep;
  pushes: PushStep[];
  roles: RoleStep[];
}

export interface BenchSite {
  hosts: BenchHost[];
  link: LabStep;
  edge: BenchHost;
  /** Verbs that come one after the other, then those that several hosts do at once, level by level. */
  chain: HostVerb[];
  rounds: HostVerb[][];
}

export interface HostVerb {
  host: string;
  step: VerbStep;
}

const sshPort = 22;

/** Sorts the steps of a recipe. Throws where a step belongs to no machine of the recipe. */
export function benchSite(steps: readonly Step[]): BenchSite {
  const lab = steps.filter((step) => step.kind === "lab");
  const machines = lab.filter(({ thing }) => thing === "host");
  const inputs = new Map(machines.map(({ name, stdin }) => [name, JSON.parse(stdin) as MachineInput]));
  const nameOf = (step: PushStep | RoleStep | VerbStep) => machineOf(step.id, step.connection, inputs);
  const hosts = machines.map((machine) => hostOf(machine, steps, inputs));
  const edge = hosts.find(({ role }) => role === "edge");
  const [link, ...further] = lab.filter(({ thing }) => thing === "link");
  if (edge === undefined || link === undefined || further.length > 0)
    throw new Error("the recipe needs one edge and one link");
  const verbs = steps.filter((step) => step.kind === "verb");
  const levels = levelsOf(steps);
  const rounds = [...Map.groupBy(verbs, ({ id }) => levels.get(id) as number).entries()]
    .sort(([one], [other]) => one - other)
    .map(([, round]) => round.map((step) => ({ host: nameOf(step), step })));
  const firstWide = rounds.findIndex((round) => round.length > 1);
  const cut = firstWide === -1 ? rounds.length : firstWide;
  return { hosts, link, edge, chain: rounds.slice(0, cut).flat(), rounds: rounds.slice(cut) };
}

function hostOf(
  machine: LabStep,
  steps: readonly Step[],
  inputs: ReadonlyMap<string, MachineInput>,
): BenchHost {
  const input = inputs.get(machine.name) as MachineInput;
  const own = steps
    .filter((step) => step.kind !== "lab")
    .filter((step) => machineOf(step.id, step.connection, inputs) === machine.name);
  const connection = own[0]?.connection;
  if (connection === undefined) throw new Error(`${machine.id}: nothing in the recipe connects to it`);
  return {
    name: machine.name,
    place: input.place,
    role: input.role,
    connection,
    published: Object.fromEntries(input.publish.map(({ port, target }) => [target, port])),
    things: thingsOf(input, steps),
    machine,
    pushes: own.filter((step) => step.kind === "push"),
    roles: inOrder(
      own.filter((step) => step.kind === "role"),
      steps,
    ),
  };
}

/** A volume belongs to the host that mounts it, a network to the one host of its place that has all of them. */
function thingsOf({ place, role, volume }: MachineInput, steps: readonly Step[]): LabStep[] {
  const isWayOut = role === "gateway" || role === "edge";
  const belongs = ({ thing, name, stdin }: LabStep) =>
    thing === "network"
      ? isWayOut && (JSON.parse(stdin) as { place: string }).place === place
      : thing === "volume" && name === volume?.name;
  return steps.filter((step) => step.kind === "lab").filter(belongs);
}

function inOrder(roles: RoleStep[], steps: readonly Step[]): RoleStep[] {
  const levels = levelsOf(steps);
  return roles.sort((one, other) => (levels.get(one.id) as number) - (levels.get(other.id) as number));
}

/** A host behind a gateway is known by its address in the place, a gateway by its published port. */
function machineOf(
  id: string,
  { proxy, ...hop }: Connection,
  inputs: ReadonlyMap<string, MachineInput>,
): string {
  const isMeant = ({ networks, publish }: MachineInput) =>
    proxy === undefined
      ? publish.some(({ port, target }) => target === sshPort && port === hop.port)
      : networks.some(({ address }) => address === hop.host);
  const found = [...inputs].find(([, input]) => isMeant(input));
  if (found === undefined) throw new Error(`${id}: no machine of the recipe is reached at ${hop.host}`);
  return found[0];
}

/** The host that a host is reached through; null for one with a port on this machine. */
export function gatewayOf(host: BenchHost, hosts: readonly BenchHost[]): BenchHost | null {
  const { proxy } = host.connection;
  if (proxy === undefined) return null;
  const found = hosts.find((one) => one.published[sshPort] === proxy.port);
  if (found === undefined) throw new Error(`${host.name}: its gateway is no machine of the recipe`);
  return found;
}

/** All keys by which hosts are entered, as one user; the lab has a single one, anything else is refused. */
export function loginOf(hosts: readonly BenchHost[]): Pick<Hop, "user" | "privateKey"> {
  const logins = new Map(
    hosts.map(({ connection }) => [`${connection.user} ${connection.privateKey}`, connection]),
  );
  const [login] = logins.values();
  if (login === undefined || logins.size > 1) throw new Error("the hosts are entered by more than one login");
  return { user: login.user, privateKey: login.privateKey };
}
