import { connect } from "node:net";
import { join } from "node:path";
import type { GlobalOutputs, HostOutputs, RegionOutputs } from "../components/outputs.ts";
import type { SiteSecrets } from "../components/secrets.ts";
import { exitCodes, UserError } from "./errors.ts";
import { siteFlag } from "./options.ts";
import { openSsh, type SshHost, type SshSession } from "./remote/ssh.ts";
import type { SitePlace } from "./site.ts";

/** What the stacks of a site gave out: null for one that is not built. */
export interface SiteOutputs {
  regions: Record<string, RegionOutputs | null>;
  global: GlobalOutputs | null;
}

export function hostsOf(outputs: SiteOutputs): HostOutputs[] {
  return [...Object.values(outputs.regions), outputs.global].flatMap((one) => one?.hosts ?? []);
}

export interface Patience {
  attempts: number;
  timeoutSeconds: number;
  /** A host that was dialed in vain is not dialed again for so long. Default 0. */
  redialAfterSeconds?: number;
}

/** Hosts in the words of remote/ssh.ts; the alias is the host id, a host behind a gateway jumps through it. */
export function sshHosts(
  hosts: readonly HostOutputs[],
  { attempts, timeoutSeconds, redialAfterSeconds = 0 }: Patience,
  site: string,
): SshHost[] {
  const byId = new Map(hosts.map((host) => [host.id, host]));
  const convert = (host: HostOutputs): SshHost => {
    const gateway = host.ssh.proxyHostId === null ? undefined : byId.get(host.ssh.proxyHostId);
    return {
      alias: host.id,
      host: host.ssh.host,
      port: host.ssh.port,
      user: host.ssh.user,
      hostKey: host.ssh.hostKey,
      dialAttempts: attempts,
      dialTimeoutSeconds: timeoutSeconds,
      redialAfterSeconds,
      siteFlag: siteFlag(site),
      ...(gateway === undefined ? {} : { proxy: convert(gateway) }),
    };
  };
  return hosts.map(convert);
}

/**
 * SSH to all hosts of a site, around gateways that are dead. `patience` is for one host's dial: status gives up soon, a
 * rollout waits.
 */
export async function openHosts(
  place: SitePlace,
  outputs: SiteOutputs,
  secrets: SiteSecrets,
  patience: Patience,
): Promise<SshSession> {
  const hosts = await aroundDeadGateways(hostsOf(outputs), answersAt);
  return await openSsh({
    directory: join(place.stateDirectory, "ssh"),
    privateKey: secrets.ssh.user.privateKey,
    hosts: sshHosts(hosts, patience, place.name),
  });
}

/** A gateway that lives takes a connection within a round trip. */
const knockMs = 1500;

/** Whether anything takes a connection there. */
function answersAt({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(knockMs, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/**
 * Hosts with a leg on the link, behind a gateway that takes no connection: reached over the link, through the third place
 * (decision 12), or nobody could close a region whose balancer died. Where the third place does not answer either, nothing
 * is changed.
 */
export async function aroundDeadGateways(
  hosts: readonly HostOutputs[],
  answers: (at: { host: string; port: number }) => Promise<boolean>,
): Promise<HostOutputs[]> {
  const gateways = hosts.filter(({ role }) => role === "gateway" || role === "edge");
  const known = await Promise.all(gateways.map(async (one) => ({ one, lives: await answers(one.ssh) })));
  const edge = known.find(({ one, lives }) => one.role === "edge" && lives)?.one;
  const dead = new Set(known.flatMap(({ one, lives }) => (lives ? [] : [one.id])));
  return hosts.map((host) => {
    const { proxyHostId } = host.ssh;
    const leads = proxyHostId !== null && dead.has(proxyHostId);
    if (!leads || host.peeringAddress === null || edge === undefined) return host;
    return { ...host, ssh: { ...host.ssh, host: host.peeringAddress, proxyHostId: edge.id } };
  });
}

/**
 * A host by id or machine name; a usage error that lists all of them where there is none, or none was named. `verb` is
 * the command that was run, for the one to run next.
 */
export function findHost(
  outputs: SiteOutputs,
  name: string | undefined,
  { site, verb }: { site: string; verb: string },
): HostOutputs {
  const hosts = hostsOf(outputs);
  const host = hosts.find(({ id, name: machine }) => id === name || machine === name);
  if (host !== undefined) return host;
  throw new UserError({
    what: name === undefined ? "no host was named" : `there is no host ${name}`,
    why: `the hosts are ${hosts.map(({ id }) => id).join(", ")}`,
    next: `npx evenkeel ${verb} ${hosts[0]?.id ?? "HOST"}${siteFlag(site)}`,
    exitCode: exitCodes.usage,
  });
}
