import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { docker, removeLeftovers } from "../../automation/lab/docker.ts";
import { ensureLabImage } from "../../automation/lab/image.ts";
import { sshKeyPair } from "../../automation/site/keys.ts";
import type { KeyPair } from "../../components/secrets.ts";
import { home, run } from "../rollout/command.ts";

/** Three plain hosts of the lab behind one gateway, and nothing of a site: what Patroni is put on. */

export const hostNames = ["one", "two", "third"] as const;
export type HostName = (typeof hostNames)[number];

/** By its label everything is found and taken away; no site of the lab is called so. */
const site = "bench-failover";
const prefix = `evenkeel-${site}`;
const place = `${prefix}-place`;
const outside = `${prefix}-outside`;
/** Of nobody else: sites of the lab have 10.10 and above by regions, tests 10.213 to 10.218. */
export const network = "10.221.7.0/24";
const gatewayAddress = "10.221.7.2";
const addresses: Record<HostName, string> = { one: "10.221.7.11", two: "10.221.7.12", third: "10.221.7.13" };

const createMs = 180_000;
const copyMs = 30_000;

export const addressOf = (name: HostName) => addresses[name];
export const containerOf = (name: HostName) => `${prefix}-${name}`;

async function labHost(words: readonly string[], input: object): Promise<void> {
  const argv = ["bash", join(home, "components/lab/lab-host.sh"), ...words];
  const env = { ...process.env, EVENKEEL_HOME: home };
  // What goes in holds a private key: nothing of it is in what the script says.
  await run(argv, { timeoutMs: createMs, env, stdin: JSON.stringify(input), isSecret: true });
}

/** Makes them; those of an earlier run are taken away first. */
export async function makeHosts(say: (line: string) => void): Promise<void> {
  await removeHosts();
  const { tag: image } = await ensureLabImage({ report: say });
  const folder = mkdtempSync(join(tmpdir(), "evenkeel-bench-"));
  try {
    const keys = await sshKeyPair(folder, site);
    await labHost(["network", "create", place], { site, place: "bench", subnet: network, internal: true });
    await labHost(["network", "create", outside], { site, place: "bench", subnet: null, internal: false });
    const base = { site, place: "bench", image, ...plain(keys) };
    const legs = [
      { name: outside, address: null },
      { name: place, address: gatewayAddress },
    ];
    const gateway = { ...base, role: "gateway", networks: legs, gatewayAddress: null, guard: true };
    await labHost(["host", "create", `${prefix}-gateway`], gateway);
    for (const name of hostNames) {
      const networks = [{ name: place, address: addresses[name] }];
      const host = { ...base, role: "database", networks, gatewayAddress, guard: false };
      await labHost(["host", "create", containerOf(name)], host);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Nobody enters them by SSH, so one key does for all. */
function plain({ publicKey, privateKey }: KeyPair) {
  const ssh = { authorizedKey: publicKey, hostPrivateKey: privateKey, hostPublicKey: publicKey };
  return { ssh, publish: [], extraHosts: {}, resolver: null, volume: null };
}

export async function removeHosts(): Promise<void> {
  await removeLeftovers(site);
}

export interface HostFile {
  path: string;
  /** As `chown` and `chmod` take them. */
  owner: string;
  mode: string;
  content: string;
}

/** The content goes by standard input: it may hold a password. */
export async function putFile(name: HostName, { path, owner, mode, content }: HostFile): Promise<void> {
  const script = `umask 077; mkdir -p -m 0755 "$(dirname "$1")"; cat >"$1"; chown "$2" "$1"; chmod "$3" "$1"`;
  const words = ["bash", "-euc", script, "put", path, owner, mode];
  await docker(["exec", "-i", containerOf(name), ...words], { timeoutMs: copyMs, input: content });
}
