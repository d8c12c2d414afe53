import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { sshKeyPair } from "../../../automation/site/keys.ts";
import { labImage } from "../../../components/lab/image.ts";

/** A small place of its own for a test of the lab itself, made by lab-host.sh as the program makes them. */
export interface ScratchHost {
  name: string;
  place: string;
  role: "gateway" | "web";
  networks: { name: string; address: string | null }[];
  gatewayAddress?: string;
  extraHosts?: Record<string, string>;
}

export interface LabReply {
  exitCode: number;
  stdout: string;
  stderr: string;
  seconds: number;
}

const labHost = fileURLToPath(new URL("../../../components/lab/lab-host.sh", import.meta.url));
/** One key pair for everything in a scratch site: its hosts' key as well as its user's. */
export const scratchKeys = await sshKeyPair(tmpdir(), "scratch");
const ssh = {
  authorizedKey: scratchKeys.publicKey,
  hostPrivateKey: scratchKeys.privateKey,
  hostPublicKey: scratchKeys.publicKey,
};

/** Runs one verb of lab-host.sh with `input` on its standard input; a failure is returned, not thrown. */
export async function tryLabHost(verb: string, name: string, input: object = {}): Promise<LabReply> {
  const { exitCode, stdout, stderr, durationMs } = await execa("bash", [labHost, ...verb.split(" "), name], {
    input: JSON.stringify(input),
    reject: false,
    timeout: 120_000,
  });
  return { exitCode: exitCode ?? -1, stdout, stderr, seconds: durationMs / 1000 };
}

/** As `tryLabHost`, but a failure is an error; returns the one JSON object on standard output. */
export async function runLabHost(
  verb: string,
  name: string,
  input: object = {},
): Promise<Record<string, string>> {
  const { exitCode, stdout, stderr } = await tryLabHost(verb, name, input);
  if (exitCode !== 0) {
    throw new Error(`lab-host.sh ${verb} ${name}: ${stderr}`);
  }
  return JSON.parse(stdout) as Record<string, string>;
}

/** What `host create` reads for a host of a scratch site. A host with a leg of its own has the guard. */
export function hostSpec(site: string, host: ScratchHost): object {
  const { name: _, ...spec } = host;
  return {
    site,
    image: labImage(),
    gatewayAddress: null,
    publish: [],
    ssh,
    guard: host.role === "gateway",
    resolver: null,
    ...spec,
  };
}

export interface Inside {
  exitCode: number;
  text: string;
  seconds: number;
}

/** Runs a bash line as root in a container, at most 60 s; the exit code is part of the answer. */
export async function inside(container: string, line: string): Promise<Inside> {
  const result = await execa("docker", ["exec", container, "bash", "-c", line], {
    reject: false,
    timeout: 60_000,
    all: true,
    stdin: "ignore",
  });
  return { exitCode: result.exitCode ?? -1, text: result.all, seconds: result.durationMs / 1000 };
}

/** One TCP connection from a container, given up after `limitSeconds`. */
export function connect(container: string, address: string, port: number, limitSeconds = 3): Promise<Inside> {
  return inside(container, `timeout ${limitSeconds} bash -c 'exec 3<>/dev/tcp/${address}/${port}'`);
}
