import type { HostOutputs } from "../../components/outputs.ts";
import type { SiteOutputs } from "../hosts.ts";
import { type EtcdKeys, etcdCommand, parseEtcdKeys } from "../remote/etcd.ts";
import type { SshSession } from "../remote/ssh.ts";
import { ask, deadlineSeconds } from "./facts.ts";
import type { EtcdFacts, EtcdMember, EtcdObservation } from "./observation.ts";

/** A host that has a member of etcd, and the stack that makes it. */
interface MemberHost {
  host: HostOutputs;
  stack: string;
}

/**
 * Each region's gateway has a member, and the third place's edge (writer.md): not of a site of one region, where of two
 * members either one's loss would cost the majority.
 */
export function memberHosts({ regions, global }: SiteOutputs): MemberHost[] {
  const ofRegions = Object.entries(regions);
  const stacks = ofRegions.length === 1 ? ofRegions : [...ofRegions, ["global", global] as const];
  return stacks.flatMap(([stack, outputs]) =>
    (outputs?.hosts ?? [])
      .filter(({ role }) => role === "gateway" || role === "edge")
      .map((host) => ({ host, stack })),
  );
}

/**
 * Asks every member at once: each answers only with a majority. What etcd holds is taken from the latest answer. Null
 * where the site has no host for a member; never throws for one that doesn't answer.
 */
export async function askEtcd(
  session: SshSession,
  outputs: SiteOutputs,
  timeoutMs: number,
): Promise<EtcdObservation | null> {
  const hosts = memberHosts(outputs);
  if (hosts.length === 0) return null;
  const answers = await Promise.all(
    hosts.map(async ({ host, stack }) => {
      const { value, why, reached } = await askMember(session, host.id, timeoutMs);
      return { member: { host: host.id, stack, state: stateOf(value, why, reached), why }, value };
    }),
  );
  const told = answers.flatMap(({ value }) => (value === null ? [] : [value]));
  const [latest] = told.sort((one, other) => other.revision - one.revision);
  return {
    members: answers.map(({ member }) => member),
    keys: latest === undefined ? null : toEtcdFacts(latest),
  };
}

/** What one member says that etcd holds; null where it has no majority or can't be asked, and why. */
export function askMember(session: SshSession, id: string, timeoutMs: number) {
  const command = etcdCommand.get({ deadlineSeconds: deadlineSeconds(timeoutMs) });
  return ask(session, { id }, command, timeoutMs, parseEtcdKeys);
}

function stateOf(keys: EtcdKeys | null, why: string | null, reached: boolean): EtcdMember["state"] {
  if (keys !== null) return "well";
  // sudo's own words, and bash's, for a host that was built before there was an etcd.
  if (why?.endsWith("command not found")) return "absent";
  return reached ? "failed" : "silent";
}

export function toEtcdFacts(keys: EtcdKeys): EtcdFacts {
  const { writer, lease, epoch, sync, durability, lock, history, ack } = keys;
  const pause = keys.pause?.over === false ? keys.pause : null;
  return {
    writer,
    leaseAgeSeconds: lease?.renewed === true ? lease.milliseconds / 1000 : null,
    epoch,
    sync: sync?.regions ?? null,
    durability,
    paused: pause !== null,
    pausedUntil: typeof pause?.until === "number" ? new Date(pause.until * 1000).toISOString() : null,
    lock,
    history,
    ackAt: ack?.at ?? null,
    ackedRun: ack?.run ?? null,
  };
}
