import { z } from "zod";
import { exitCodes, UserError } from "../errors.ts";
import { askMember, memberHosts } from "../failover/etcd.ts";
import { commandsOf } from "../failover/next.ts";
import type { SiteOutputs } from "../hosts.ts";
import { describeHolder } from "../lock.ts";
import { liveness, thisHost } from "../processes.ts";
import { etcdCommand, type LockAnswer, parseLockAnswer } from "../remote/etcd.ts";
import type { SiteLockRecord } from "../remote/operator-keys.ts";
import type { RemoteCommand, SshSession } from "../remote/ssh.ts";
import { siteFlag } from "../site.ts";
import { say } from "../terminal.ts";

/** The way to the members of a site's etcd. */
export interface EtcdWay {
  ssh: SshSession;
  outputs: SiteOutputs;
  site: string;
}

interface HeldSiteLock {
  record: SiteLockRecord;
  /** The dead holder that it was taken over from. */
  tookOverFrom: SiteLockRecord | null;
}

/** For each question, at a member that may be gone; the first that answers is not kept waiting by the others. */
const askMs = 12_000;

/**
 * Works under the site's lock in etcd, so that two operators on two machines don't move a site in opposite directions
 * (decision 12). Refused with exit code 13 and the holder's name where another one has it; taken over only from a process
 * that is proved dead on this machine. Null where no member gives it: the caller decides whether to go on without. Given
 * back at the end, also of work that failed.
 */
export async function withSiteLock<T>(
  options: EtcdWay & { record: SiteLockRecord },
  work: (lock: HeldSiteLock | null) => Promise<T>,
): Promise<T> {
  const held = await take(options);
  try {
    return await work(held);
  } finally {
    // Also where no answer came: it may have been taken all the same.
    await giveBack(options, { isHeld: held !== null });
  }
}

async function take(options: EtcdWay & { record: SiteLockRecord }): Promise<HeldSiteLock | null> {
  const { record, site } = options;
  const first = await throughAny(options, etcdCommand.lock(record));
  if (first === null) return null;
  if (first.locked) return { record, tookOverFrom: null };
  const holder = holderOf(first);
  if (liveness(holder, thisHost()) !== "dead") throw lockedInEtcd(site, holder);
  const second = await throughAny(options, etcdCommand.lock(record, { insteadOf: holder.run }));
  if (second === null) return null;
  // Two may find the same dead holder: etcd gives it to one.
  if (!second.locked) throw lockedInEtcd(site, holderOf(second));
  say(`The lock in etcd of ${describeHolder(holder)} was taken over: that process is gone.`);
  return { record, tookOverFrom: holder };
}

async function giveBack(options: EtcdWay & { record: SiteLockRecord }, { isHeld }: { isHeld: boolean }) {
  const answer = await throughAny(options, etcdCommand.unlock(options.record.run));
  if (answer === null && isHeld)
    say(
      `The site's lock in etcd could not be given back: when etcd answers again, npx evenkeel unlock${siteFlag(options.site)} frees it.`,
    );
}

/** Takes the lock away from a run that is dead, or was said to be gone. Throws a UserError (1) where no member answers. */
export async function freeSiteLock(way: EtcdWay, run: string): Promise<void> {
  const answer = await throughAny(way, etcdCommand.unlock(run));
  if (answer?.locked === true) throw lockedInEtcd(way.site, holderOf(answer));
  if (answer !== null) return;
  throw new UserError({
    what: `whether the lock of ${way.site} in etcd was removed is not known: no member of etcd answered`,
    next: commandsOf(siteFlag(way.site)).status,
    code: "no-majority",
  });
}

/**
 * What the first member said that could: all are asked at once whether they have a majority, since one whose region is
 * lost would keep the others waiting, and then one at a time. What one did whose answer was lost, another may do again: it
 * comes to the same. Null: none could.
 */
async function throughAny({ ssh, outputs }: EtcdWay, command: RemoteCommand): Promise<LockAnswer | null> {
  const asked = new Map(
    memberHosts(outputs).map(({ host: { id } }) => [
      id,
      askMember(ssh, id, askMs).then(({ value }) => ({ id, isWell: value !== null })),
    ]),
  );
  while (asked.size > 0) {
    const { id, isWell } = await Promise.race(asked.values());
    asked.delete(id);
    const answer = isWell ? await lockAnswer(ssh, id, command) : null;
    if (answer !== null) return answer;
  }
  return null;
}

async function lockAnswer(ssh: SshSession, id: string, command: RemoteCommand): Promise<LockAnswer | null> {
  try {
    const { exitCode, stdout, stderr } = await ssh.run(id, command, { timeoutMs: askMs });
    if (exitCode === exitCodes.ok || exitCode === exitCodes.locked) return parseLockAnswer(stdout);
    say(`${id} did nothing about the site's lock in etcd: ${stderr.trim().split("\n").at(-1)}`);
  } catch (error) {
    if (!(error instanceof UserError || error instanceof SyntaxError || error instanceof z.ZodError))
      throw error;
    const why = error instanceof UserError ? error.what : "its answer could not be read";
    say(`${id} said nothing of the site's lock in etcd: ${why}`);
  }
  return null;
}

function holderOf({ holder }: LockAnswer): SiteLockRecord {
  if (holder === null) throw new Error("a member of etcd refused the lock and named no holder");
  return holder;
}

/** The refusal beside a holder that may be alive. */
export function lockedInEtcd(site: string, holder: SiteLockRecord): UserError {
  return new UserError({
    what: `the site ${site} is locked in etcd by ${describeHolder(holder)}`,
    why: "a lock is never taken from one that may be alive",
    next: `wait until that command ends, then run this one again. Where it is gone for good: npx evenkeel unlock${siteFlag(site)}`,
    exitCode: exitCodes.locked,
    code: "locked",
  });
}
