import type { RoleJob } from "../../components/host/job.ts";
import { readDeployment, type StateResource } from "./deployment.ts";

/** What a rollout consists of, taken from the states that ours left: the same content for whoever applies it. Pure. */

/** One hop over SSH, as the state has it. `port` is a TCP port, `hostKey` one line "ssh-ed25519 AAAA…". */
export interface Hop {
  host: string;
  port: number;
  user: string;
  privateKey: string;
  hostKey: string;
}

export interface Connection extends Hop {
  proxy?: Hop;
}

interface Named {
  /** "stack/resource", unique in the site. */
  id: string;
  /** Ids of the steps that must be done before. */
  after: string[];
}

/** A thing of the lab that lab-host.sh makes on this machine. `stdin` is its JSON and may hold secrets. */
export interface LabStep extends Named {
  kind: "lab";
  thing: "network" | "volume" | "host" | "link";
  name: string;
  stdin: string;
}

/** A file of this machine that goes to a host. */
export interface PushStep extends Named {
  kind: "push";
  connection: Connection;
  localPath: string;
  /** SHA-256 as the state has it, hexadecimal. */
  hash: string;
  remotePath: string;
}

/** Files and a script on a host. */
export interface RoleStep extends Named {
  kind: "role";
  connection: Connection;
  job: RoleJob;
  timeoutSeconds: number;
}

/** A verb of a host command, idempotent; `command` runs as root. */
export interface VerbStep extends Named {
  kind: "verb";
  connection: Connection;
  command: string;
  stdin: string;
}

export type Step = LabStep | PushStep | RoleStep | VerbStep;

const referenceType = "pulumi:pulumi:StackReference";
const roleCommand = /^sudo -n timeout -k 10 (\d+) python3 -I -$/;
const jobLine = /^JOB = json\.loads\(r'''\n(.*)\n'''\)$/m;
const labCommand = /lab-host\.sh" (network|volume|host|link) create (\S+)$/;

/**
 * The steps of a site from the exports of all its stacks, by stack name. Throws, naming the resource, on a command that
 * is none of the known kinds: a recipe with a gap would compare two different things.
 */
export function readRecipe(exports: Readonly<Record<string, unknown>>): Step[] {
  const stacks = Object.entries(exports).map(
    ([stack, document]) => [stack, readDeployment(stack, document)] as const,
  );
  const idsOf = (stack: string, resources: readonly StateResource[]) =>
    resources.filter(isStep).map(({ urn }) => stepId(stack, urn));
  const idsByStack = new Map(stacks.map(([stack, resources]) => [stack, idsOf(stack, resources)]));
  return stacks.flatMap(([stack, resources]) =>
    resources.filter(isStep).map((resource) => {
      const named = {
        id: stepId(stack, resource.urn),
        after: afterOf(stack, resource, resources, idsByStack),
      };
      return stepOf(named, resource);
    }),
  );
}

function isStep({ type }: StateResource): boolean {
  return type.startsWith("command:");
}

function stepId(stack: string, urn: string): string {
  return `${stack}/${urn.slice(urn.lastIndexOf("::") + 2)}`;
}

/** What a step waits for: a component stands for the steps below it, a reference to another stack for all of that. */
function afterOf(
  stack: string,
  resource: StateResource,
  resources: readonly StateResource[],
  idsByStack: ReadonlyMap<string, string[]>,
): string[] {
  const byUrn = new Map(resources.map((one) => [one.urn, one]));
  const isBelow = (one: StateResource, urn: string): boolean =>
    one.parent !== null && (one.parent === urn || isBelow(byUrn.get(one.parent) ?? orphan(one), urn));
  const found = resource.dependencies.flatMap((urn) => {
    const on = byUrn.get(urn);
    if (on === undefined) throw new Error(`${resource.urn} waits for ${urn}, which the export has not`);
    if (isStep(on)) return [stepId(stack, urn)];
    if (on.type === referenceType) return idsByStack.get(referredStack(on)) ?? [];
    return resources.filter((one) => isStep(one) && isBelow(one, urn)).map((one) => stepId(stack, one.urn));
  });
  return [...new Set(found)].sort();
}

function orphan({ urn }: StateResource): never {
  throw new Error(`the parent of ${urn} is not in the export`);
}

function referredStack({ inputs }: StateResource): string {
  return String(inputs.name).split("/").at(-1) ?? "";
}

function stepOf(named: Named, { type, inputs }: StateResource): Step {
  const text = (key: string): string => {
    if (typeof inputs[key] === "string") return inputs[key];
    throw new Error(`${named.id}: ${key} is missing in the state`);
  };
  if (type === "command:local:Command") return labStep(named, text("create"), text("stdin"));
  const connection = inputs.connection as Connection;
  if (type === "command:remote:CopyToRemote") {
    const { path, hash } = inputs.source as { path?: string; hash?: string };
    if (path === undefined || hash === undefined) throw new Error(`${named.id}: its source is no file`);
    return { ...named, kind: "push", connection, localPath: path, hash, remotePath: text("remotePath") };
  }
  if (type === "command:remote:Command") return remoteStep(named, connection, text("create"), text("stdin"));
  throw new Error(`${named.id}: ${type} is no kind of step that is known here`);
}

function labStep(named: Named, create: string, stdin: string): LabStep {
  const found = labCommand.exec(create);
  if (found === null) throw new Error(`${named.id}: its command is none of lab-host.sh`);
  return { ...named, kind: "lab", thing: found[1] as LabStep["thing"], name: found[2] as string, stdin };
}

function remoteStep(
  named: Named,
  connection: Connection,
  create: string,
  stdin: string,
): RoleStep | VerbStep {
  const seconds = roleCommand.exec(create)?.[1];
  if (seconds === undefined) {
    if (!create.startsWith("sudo -n ")) throw new Error(`${named.id}: its command is not run as root`);
    return { ...named, kind: "verb", connection, command: create.slice("sudo -n ".length), stdin };
  }
  const line = jobLine.exec(stdin)?.[1];
  if (line === undefined) throw new Error(`${named.id}: there is no job in its program`);
  return {
    ...named,
    kind: "role",
    connection,
    job: JSON.parse(line) as RoleJob,
    timeoutSeconds: Number(seconds),
  };
}
