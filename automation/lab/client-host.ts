import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { execa } from "execa";
import { addressIn } from "../../components/addresses.ts";
import type { SiteConfig } from "../../components/config.ts";
import { labImage } from "../../components/lab/image.ts";
import { peeringNetwork } from "../../components/lab/names.ts";
import type { SiteSecrets } from "../../components/secrets.ts";
import { keeperNode } from "../engine/keeper-node.ts";
import { UserError } from "../errors.ts";
import { thisClone } from "../site/clone.ts";
import { sshKeyPair } from "../site/keys.ts";
import { home, siteFlag } from "../site.ts";
import { docker, machinesOf } from "./docker.ts";

/**
 * The machine of a drill's client: a host of the lab on the site's link alone, as far from both regions as they are from
 * each other. It has no outside leg, and no place in Pulumi's state: the drill removes it, else the next one does, or
 * `destroy`, which takes everything that carries the site's label.
 */
export interface ClientHost {
  name: string;
  address: string;
}

export interface ClientHostOptions {
  config: Pick<SiteConfig, "site" | "peering">;
  secrets: Pick<SiteSecrets, "ssh">;
  /** 0700: the machine's key lies there for a moment. */
  workDirectory: string;
  /** The clone whose machine it becomes. */
  clone?: string;
}

const role = "client";
/** Behind the regions' addresses on the link (ten each, sixteen regions) and the edge's (components/plan.ts). */
const addresses = { first: 210, last: 249 };
const createMs = 120_000;
const copyMs = 60_000;
const queryMs = 20_000;
const folder = "/opt/evenkeel-drill";
export const clientCommand = [`${folder}/node`, `${folder}/client.mjs`] as const;

/** What lab-host.sh is told besides: no gateway, no name server, no port on this machine, no guard without an outside leg. */
const bareHost = {
  place: role,
  role,
  gatewayAddress: null,
  publish: [],
  extraHosts: {},
  resolver: null,
  volume: null,
  guard: false,
};

/** Makes it, with the client's program and the pinned Node on it. Those that an earlier drill left are removed first. */
export async function createClientHost(options: ClientHostOptions): Promise<ClientHost> {
  const { config, secrets, workDirectory, clone = home } = options;
  const node = await keeperNode();
  if (node === null) throw noNode(config.site);
  await removeClientHosts(config.site, clone);
  const name = `evenkeel-${config.site}-${role}-${randomBytes(3).toString("hex")}`;
  const network = peeringNetwork(config.site);
  const address = freeAddress(config.peering.subnet, await addressesOn(network));
  const keys = await sshKeyPair(workDirectory, name);
  await labHost(clone, "create", name, {
    ...bareHost,
    site: config.site,
    networks: [{ name: network, address }],
    image: labImage(),
    ssh: {
      authorizedKey: secrets.ssh.user.publicKey,
      hostPrivateKey: keys.privateKey,
      hostPublicKey: keys.publicKey,
    },
  });
  const unpack = `mkdir -p ${folder} && gzip -dc >${clientCommand[0]} && chmod 0755 ${clientCommand[0]}`;
  await docker(["exec", "-i", name, "sh", "-c", unpack], { timeoutMs: copyMs, inputFile: node.path });
  const write = `cat >${clientCommand[1]}`;
  await docker(["exec", "-i", name, "sh", "-c", write], { timeoutMs: copyMs, input: await clientBundle() });
  return { name, address };
}

/** Removes all clients' machines of the site, this process's or an earlier one's; their names. */
export async function removeClientHosts(site: string, clone: string = home): Promise<string[]> {
  const names = (await machinesOf(site, thisClone(clone)))
    .filter((machine) => machine.role === role)
    .map(({ name }) => name);
  for (const name of names) await labHost(clone, "delete", name, { site });
  return names;
}

/** The first address of the link that is free for a client. Throws where none is. */
export function freeAddress(subnet: string, used: readonly string[]): string {
  for (let n = addresses.first; n <= addresses.last; n += 1) {
    const address = addressIn(subnet, n);
    if (!used.includes(address)) return address;
  }
  throw new Error(`${subnet} has no address left for a drill's client`);
}

async function addressesOn(network: string): Promise<string[]> {
  const format = "{{range .Containers}}{{.IPv4Address}} {{end}}";
  const text = await docker(["network", "inspect", "-f", format, network], { timeoutMs: queryMs });
  return text
    .trim()
    .split(/\s+/)
    .map((entry) => entry.split("/")[0] as string);
}

/** components/lab/lab-host.sh, as Pulumi's resources of the lab run it: what to make comes by standard input. */
async function labHost(clone: string, verb: "create" | "delete", name: string, spec: object): Promise<void> {
  const script = join(clone, "components/lab/lab-host.sh");
  const result = await execa("bash", [script, "host", verb, name], {
    input: JSON.stringify(spec),
    env: { PATH: `${join(process.execPath, "..")}:${process.env.PATH ?? ""}` },
    timeout: createMs,
    forceKillAfterDelay: 5_000,
    reject: false,
  });
  if (result.exitCode === 0) return;
  throw new UserError({
    what: `the machine ${name} of the drill's client could not be ${verb}d`,
    why: result.timedOut ? `no answer within ${createMs / 1000} s` : result.stderr.trim(),
    next: "npx evenkeel check looks at this machine's Docker; then run the drill again",
    code: "client-host",
  });
}

/** automation/drill/client.ts in one file. */
export async function clientBundle(): Promise<string> {
  const { bundled } = await import("../../components/bundle.ts");
  return bundled(join(import.meta.dirname, "../drill/client.ts"));
}

function noNode(site: string): UserError {
  return new UserError({
    what: "set-up has not put the Node there that runs on hosts",
    next: `npx evenkeel env${siteFlag(site)}`,
    code: "keeper-node",
  });
}
