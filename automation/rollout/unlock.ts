import { randomUUID } from "node:crypto";
import { UserError } from "../errors.ts";
import { describeHolder, type LockRecord, lockFile, readLock, releaseElsewhere, takeLock } from "../lock.ts";
import { liveness, thisHost } from "../processes.ts";
import type { SiteLockRecord } from "../remote/operator-keys.ts";
import { isThere } from "../site/durable.ts";
import { removeEmptySiteDirectory, type SitePlace, siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { askTyped, refuseOtherName, type TypedQuestion } from "./confirm.ts";
import { type EtcdLock, openEtcdLock } from "./etcd-lock.ts";
import { endDeadRun, openAsFound } from "./session.ts";
import { lockedInEtcd } from "./site-lock.ts";
import { cureStaleLocks, describeOwner, locksFromElsewhere, type StackLock } from "./stale.ts";

export interface UnlockArgs {
  site: string;
  confirm?: string | undefined;
  yes: boolean;
}

/**
 * `evenkeel unlock`: says who holds the site, and removes what a dead command left: the operator's lock, the processes
 * that it started, Pulumi's own locks, and the site's lock in etcd. A command that may be alive keeps its lock (exit 13).
 * One on another host can't be proved dead from here: its locks go only when the site's name is confirmed.
 */
export async function unlock(args: UnlockArgs): Promise<void> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const { confirm: given, yes } = args;
  const question = {
    ...{ name: config.site, given, flag: "--confirm", yes, terminal: terminal() },
    consequence:
      "This removes those locks. Where such a command still runs, two of them would change the site at once.",
  };
  refuseOtherName(question);
  const hadFolder = isThere(place.stateDirectory);
  const session = await openAsFound(place, config);
  const etcd = session === null ? null : await openEtcdLock(session);
  try {
    await unlockSite(place, session, question, etcd);
  } finally {
    await etcd?.close();
  }
  if (!hadFolder) removeEmptySiteDirectory(place);
}

type FoundSession = Parameters<typeof cureStaleLocks>[0];

/**
 * The same for a site as it was found; `session` is null where this machine was never set up, `etcd` where it can't be
 * asked.
 */
export async function unlockSite(
  place: SitePlace,
  session: FoundSession | null,
  question: TypedQuestion,
  etcd: EtcdLock | null = null,
): Promise<void> {
  const path = lockFile(place.stateDirectory);
  const holder = readLock(path);
  const away = isAway(holder) ? holder : null;
  const inEtcd = etcd?.holder ?? null;
  const locks = session === null ? [] : await locksFromElsewhere(session);
  const saidGone = await askAboutOthers(
    { holder: away, inEtcd: isAway(inEtcd) ? inEtcd : null },
    locks,
    question,
  );
  if (away !== null) {
    releaseElsewhere(path, away);
    say("Its lock was removed.");
  }
  const mayBeHere = isThere(place.stateDirectory) || locks.length > 0;
  const freed = mayBeHere && (await freeLocally(place, session, saidGone));
  if (etcd !== null && inEtcd !== null) await freeInEtcd(etcd, inEtcd, question.name);
  if (!freed && holder === null && inEtcd === null) say(`The site ${question.name} is not locked.`);
}

function isAway(holder: LockRecord | null): boolean {
  return holder !== null && liveness(holder, thisHost()) === "unknown";
}

/** Behind the question: one that may be alive on another host was said to be gone. */
async function freeInEtcd(etcd: EtcdLock, holder: SiteLockRecord, site: string): Promise<void> {
  if (liveness(holder, thisHost()) === "alive") throw lockedInEtcd(site, holder);
  await etcd.free(holder.run);
  say(`The lock in etcd of ${describeHolder(holder)} was removed.`);
}

/** Names all that other hosts hold, and asks once for the word that those commands are gone: files of Pulumi's locks. */
async function askAboutOthers(
  { holder, inEtcd }: { holder: LockRecord | null; inEtcd: LockRecord | null },
  locks: readonly StackLock[],
  question: TypedQuestion,
): Promise<ReadonlySet<string>> {
  const held = [
    ...(holder === null ? [] : [`The site ${question.name} is held by ${describeHolder(holder)}`]),
    ...(inEtcd === null ? [] : [`Its lock in etcd is held by ${describeHolder(inEtcd)}`]),
    ...locks.map((lock) => `Pulumi's own lock on the stack ${lock.stack} is held by ${describeOwner(lock)}`),
  ];
  for (const line of held) say(`${line}, which can't be looked at from here.`);
  if (held.length > 0) await askTyped(question);
  return new Set(locks.map(({ file }) => file));
}

/** Takes the lock as any command does, which sets a dead holder aside and refuses a living one. */
async function freeLocally(
  place: SitePlace,
  session: FoundSession | null,
  saidGone: ReadonlySet<string>,
): Promise<boolean> {
  const { name: site, stateDirectory } = place;
  const lock = takeLock({ site, stateDirectory, run: randomUUID(), command: "unlock" });
  let freed = lock.tookOverFrom !== null;
  try {
    await endDeadRun(lock);
    const note = (text: string) => {
      freed = true;
      say(text);
    };
    if (session !== null) await cureStaleLocks(session, note, { saidGone });
  } catch (error) {
    if (error instanceof UserError && freed) say("What was found before was removed; this remains:");
    throw error;
  } finally {
    lock.release();
  }
  return freed;
}
