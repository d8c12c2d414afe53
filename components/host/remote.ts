import { remote } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { PlaceWords } from "../place-words.ts";
import { roleProgram } from "./job.ts";
import { render } from "./render.ts";

/** One hop over SSH. `hostKey` is the host's public key ("ssh-ed25519 AAAA…"): it is always checked. */
export interface HostHop {
  host: pulumi.Input<string>;
  port: pulumi.Input<number>;
  user: pulumi.Input<string>;
  privateKey: pulumi.Input<string>;
  hostKey: pulumi.Input<string>;
}

/** How a host is reached: directly, or through the gateway of its region. */
export interface HostConnection extends HostHop {
  proxy?: HostHop;
}

/** A machine to configure. `machineId` is new at each creation, so a machine made again is configured again. */
export interface HostTarget {
  connection: HostConnection;
  machineId: pulumi.Input<string>;
  /** What its place calls itself and the others; none where it has no counterpart in another region. */
  words?: PlaceWords;
}

/** A file on a host. `mode` defaults to 0644, `owner` ("user:group") to root:root. */
export interface HostFile {
  path: string;
  content: pulumi.Input<string>;
  mode?: string;
  owner?: string;
  /** The place's alone: not compared with a counterpart's. */
  own?: boolean;
}

export interface HostRoleArgs {
  target: HostTarget;
  /** Stable name of the role on the host, e.g. "mariadb": its state lies under this name. */
  role: string;
  files: HostFile[];
  /** Text of the role script (host/files/<noun>/setup.sh). */
  script: string;
  /** Upper bound for the whole role, package installs included. Seconds. */
  timeoutSeconds: number;
}

const dialTimeoutSeconds = 15;
const dialAttempts = 10;

/**
 * Applies a role to a host: one connection, one command. Files and script travel by standard input (they may hold
 * secrets), so the command itself is the same few words for every role. It runs again when a file, the script or
 * the machine changes. Returns the command; its `stdout` is the role's one JSON object of facts.
 */
export function hostRole(
  name: string,
  args: HostRoleArgs,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const program = pulumi
    .all([args.files, args.target.machineId])
    .apply(([files, machineId]) =>
      roleProgram({ role: args.role, machineId, files, script: args.script, words: args.target.words ?? {} }),
    );
  return hostCommand(
    name,
    {
      target: args.target,
      command: "sudo -n timeout -k 10 @@SECONDS@@ python3 -I -",
      stdin: pulumi.secret(program),
      timeoutSeconds: args.timeoutSeconds,
    },
    opts,
  );
}

export interface HostCommandArgs {
  target: HostTarget;
  /** The command line; `@@SECONDS@@` in it becomes `timeoutSeconds`. No secret may stand in it. */
  command: string;
  /** What runs instead of `command` when it runs again. */
  later?: string;
  stdin?: pulumi.Input<string>;
  timeoutSeconds: number;
  /** Further values that make the command run again when they change. */
  again?: pulumi.Input<string>[];
}

/**
 * Runs one idempotent command on a host, at creation and again (as an update in place) when its machine changes.
 * What makes it run again travels on standard input, which the command doesn't read: the published `triggers` would
 * replace the resource, and a protected one could then never be run again.
 */
export function hostCommand(
  name: string,
  args: HostCommandArgs,
  opts: pulumi.CustomResourceOptions,
): remote.Command {
  const bounded = (line: string) => render(line, { SECONDS: args.timeoutSeconds });
  const wholeSeconds = args.timeoutSeconds + dialTimeoutSeconds * dialAttempts;
  return new remote.Command(
    name,
    {
      connection: dial(args.target.connection),
      create: bounded(args.command),
      update: bounded(args.later ?? args.command),
      stdin: args.stdin ?? occasion([args.target.machineId, ...(args.again ?? [])]),
      logging: remote.Logging.None,
      addPreviousOutputInEnv: false,
    },
    {
      ...opts,
      additionalSecretOutputs: ["stderr"],
      customTimeouts: { create: `${wholeSeconds}s`, update: `${wholeSeconds}s` },
    },
  );
}

function occasion(values: pulumi.Input<string>[]): pulumi.Output<string> {
  return pulumi.all(values).apply((resolved) => `for ${resolved.join(" ")}\n`);
}

/** Copies a file of this machine to a host. A changed file or machine copies it again. */
export function copyToHost(
  name: string,
  args: { target: HostTarget; localPath: string; remotePath: string },
  opts: pulumi.CustomResourceOptions,
): remote.CopyToRemote {
  return new remote.CopyToRemote(
    name,
    {
      connection: dial(args.target.connection),
      source: new pulumi.asset.FileAsset(args.localPath),
      remotePath: args.remotePath,
      triggers: [args.target.machineId],
    },
    opts,
  );
}

/** The facts that a role or command printed: its standard output as JSON, with the secret mark taken off (no facts are secret). */
export function facts<T>(command: remote.Command): pulumi.Output<T> {
  return pulumi.unsecret(command.stdout).apply((text) => parseFacts<T>(text));
}

function parseFacts<T>(text: string | undefined): T {
  try {
    return JSON.parse(text ?? "") as T;
  } catch (cause) {
    throw new Error(`a host role printed something other than its one JSON object: ${text}`, { cause });
  }
}

function dial(connection: HostConnection) {
  const limits = { dialErrorLimit: dialAttempts, perDialTimeout: dialTimeoutSeconds };
  const { proxy, ...hop } = connection;
  const secretHop = (one: HostHop) => ({ ...one, privateKey: pulumi.secret(one.privateKey), ...limits });
  return proxy === undefined ? secretHop(hop) : { ...secretHop(hop), proxy: secretHop(proxy) };
}
