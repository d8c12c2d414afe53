import { execa } from "execa";
import { exitCodes, UserError } from "../errors.ts";
import { type Clone, isOwn, thisClone } from "../site/clone.ts";

/** One container of a site's lab. */
export interface LabMachine {
  name: string;
  running: boolean;
  /** Docker's own word: created (left half-made), running, paused, restarting, exited, dead. */
  state: string;
  place: string;
  role: string;
}

/** A container, network or volume, whichever site and clone made it. Labels that it lacks are empty. */
export interface LabObject {
  kind: "container" | "network" | "volume";
  name: string;
  site: string;
  clone: string;
  folder: string;
}

/** What is still there of a site: names, by kind. */
export interface Leftovers {
  containers: string[];
  networks: string[];
  volumes: string[];
}

export interface DockerOptions {
  timeoutMs: number;
  input?: string;
  /** A file that goes to standard input instead. */
  inputFile?: string;
}

export interface DockerResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** How long a question to the engine may take; a loaded two-core machine answers in well under a second. */
const queryMs = 20_000;
/** Starting hosts: Docker takes half a second each, systemd one more. */
const startMs = 60_000;

/**
 * Runs one Docker command and returns how it ended; never throws for a non-zero exit.
 * Throws a UserError when Docker can't be run at all or doesn't answer in time.
 */
export async function tryDocker(args: readonly string[], options: DockerOptions): Promise<DockerResult> {
  const { timeoutMs, input, inputFile } = options;
  const result = await execa("docker", args, {
    reject: false,
    timeout: timeoutMs,
    forceKillAfterDelay: 2_000,
    ...(inputFile !== undefined ? { inputFile } : input !== undefined ? { input } : { stdin: "ignore" }),
  });
  if (result.timedOut) {
    throw new UserError({
      what: `docker ${args[0] ?? ""} did not answer within ${timeoutMs / 1000} s.`,
      next: "docker info",
      code: "docker-silent",
    });
  }
  if (result.exitCode === undefined) {
    throw new UserError({
      what: "Docker can't be run on this machine.",
      why: result.originalMessage ?? result.message,
      next: "docker info",
      code: "docker-missing",
    });
  }
  return { exitCode: result.exitCode, stdout: result.stdout ?? "", stderr: result.stderr ?? "" };
}

/** Runs one Docker command and returns its standard output; a non-zero exit is a UserError with Docker's words. */
export async function docker(args: readonly string[], options: DockerOptions): Promise<string> {
  const { exitCode, stdout, stderr } = await tryDocker(args, options);
  if (exitCode !== 0) {
    throw new UserError({
      what: `docker ${args.slice(0, 2).join(" ")} failed`,
      why: stderr.trim(),
      next: "npx evenkeel check looks at this machine's Docker; then run the command again",
      exitCode: exitCodes.error,
      code: "docker-failed",
    });
  }
  return stdout;
}

/** All containers of a site that this clone made, running or not, by name. */
export async function machinesOf(site: string, clone: Clone = thisClone()): Promise<LabMachine[]> {
  return parseMachines(
    await docker(["ps", "--all", ...ofSite(site), "--format", machineFormat], { timeoutMs: queryMs }),
    clone,
  );
}

const machineFormat =
  '{{.Names}}\t{{.State}}\t{{.Label "evenkeel.place"}}\t{{.Label "evenkeel.role"}}\t{{.Label "evenkeel.clone"}}';

/** Reads the lines that `docker ps` prints in our own format, sorted by name; another clone's are left out. */
export function parseMachines(text: string, clone: Clone): LabMachine[] {
  return lines(text)
    .filter((line) => isOwn(line.split("\t")[4] ?? "", clone))
    .map((line) => {
      const [name = "", state = "", place = "", role = ""] = line.split("\t");
      return { name, running: state === "running", state, place, role };
    })
    .sort((one, other) => one.name.localeCompare(other.name));
}

/**
 * Starts a site's stopped hosts and, by kill and start, paused ones: a database that slept boots read-only (W1). It does so all at once, and returns their names when each answers on
 * SSH again. Nothing in Pulumi sees a stopped container, so this comes before an `up`. A container that was never
 * started is half of a creation that was cut short: the next `up` makes it again.
 */
export async function startStopped(site: string): Promise<string[]> {
  const machines = await machinesOf(site);
  const named = (state: string) =>
    machines.filter((machine) => machine.state === state).map(({ name }) => name);
  const [stopped, paused] = [named("exited"), named("paused")];
  if (stopped.length > 0) {
    await docker(["start", ...stopped], { timeoutMs: startMs });
  }
  if (paused.length > 0) {
    await docker(["kill", ...paused], { timeoutMs: startMs });
    await docker(["start", ...paused], { timeoutMs: startMs });
  }
  const started = [...stopped, ...paused];
  await Promise.all(started.map((name) => waitUntilReady(name)));
  return started;
}

/** Waits until a started host answers on SSH with its guard loaded; a UserError after 30 s. */
export async function waitUntilReady(name: string): Promise<void> {
  await docker(["exec", name, "/usr/local/lib/evenkeel-lab/ready", "30"], { timeoutMs: startMs });
}

/** Those of `names` (containers that the state knows) that don't exist any more. */
export async function missingMachines(site: string, names: readonly string[]): Promise<string[]> {
  const present = new Set((await machinesOf(site)).map(({ name }) => name));
  return names.filter((name) => !present.has(name));
}

/** Everything on this machine that carries a site's name, other clones' things included, sorted by name. */
export async function objectsOf(site: string): Promise<LabObject[]> {
  return await listObjects(ofSite(site));
}

/** Everything that Docker has on this machine, whoever made it, sorted by name. */
export async function namedObjects(): Promise<LabObject[]> {
  return await listObjects([]);
}

async function listObjects(filter: readonly string[]): Promise<LabObject[]> {
  const labels = ["site", "clone", "folder"].map((label) => `{{.Label "evenkeel.${label}"}}`).join("\t");
  const ask = async (kind: LabObject["kind"], name: string, ...args: string[]) => {
    const format = ["--format", `${name}\t${labels}`];
    const text = await docker([...args, ...filter, ...format], { timeoutMs: queryMs });
    return lines(text).map((line) => {
      const [own = "", site = "", clone = "", folder = ""] = line.split("\t");
      return { kind, name: own, site, clone, folder };
    });
  };
  const found = await Promise.all([
    ask("container", "{{.Names}}", "ps", "--all"),
    ask("network", "{{.Name}}", "network", "ls"),
    ask("volume", "{{.Name}}", "volume", "ls"),
  ]);
  return found.flat().sort((one, other) => one.name.localeCompare(other.name));
}

/** What this clone's site still has on this machine; all empty after a destroy. */
export async function leftovers(site: string, clone: Clone = thisClone()): Promise<Leftovers> {
  const own = (await objectsOf(site)).filter((object) => isOwn(object.clone, clone));
  const named = (kind: LabObject["kind"]) =>
    own
      .filter((object) => object.kind === kind)
      .map(({ name }) => name)
      .sort();
  return { containers: named("container"), networks: named("network"), volumes: named("volume") };
}

/** Deletes what this clone's site still has (a creation killed half-way is in no state file) and returns what it was. */
export async function removeLeftovers(site: string, clone: Clone = thisClone()): Promise<Leftovers> {
  const found = await leftovers(site, clone);
  if (found.containers.length > 0) {
    await docker(["rm", "--force", "--volumes", ...found.containers], { timeoutMs: startMs });
  }
  if (found.networks.length > 0) {
    await docker(["network", "rm", ...found.networks], { timeoutMs: startMs });
  }
  if (found.volumes.length > 0) {
    await docker(["volume", "rm", ...found.volumes], { timeoutMs: startMs });
  }
  return found;
}

function ofSite(site: string): string[] {
  return ["--filter", `label=evenkeel.site=${site}`];
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
