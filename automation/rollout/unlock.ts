import { randomUUID } from "node:crypto";
import { UserError } from "../errors.ts";
import { describeHolder, type LockRecord, lockFile, readLock, releaseElsewhere, takeLock } from "../lock.ts";
import { liveness, thisHost } from "../processes.ts";
import { isThere } from "../site/durable.ts";
import { removeEmptySiteDirectory, type SitePlace, siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { askTyped, refuseOtherName, type TypedQuestion } from "./confirm.ts";
import { endDeadRun, openAsFound } from "./session.ts";
import { cureStaleLocks, describeOwner, locksFromElsewhere, type StackLock } from "./stale.ts";

export interface UnlockArgs {
  site: string;
  confirm?: string | undefined;
  yes: boolean;
}

/**
 * `evenkeel unlock`: says who holds the site, and removes what a dead command left: the operator's lock, the processes
 * that it started, and Pulumi's own locks. A command that may be alive keeps its lock (exit 13). One on another host
 * can't be proved dead from here: its locks go only when the site's name is confirmed.
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
  await unlockSite(place, await openAsFound(place, config), question);
  if (!hadFolder) removeEmptySiteDirectory(place);
}

type FoundSession = Parameters<typeof cureStaleLocks>[0];

/** The same for a site as it was found; `session` is null where this machine was never set up. */
export async function unlockSite(
  place: SitePlace,
  session: FoundSession | null,
  question: TypedQuestion,
): Promise<void> {
  const path = lockFile(place.stateDirectory);
  const holder = readLock(path);
  const away = holder !== null && liveness(holder, thisHost()) === "unknown" ? holder : null;
  const locks = session === null ? [] : await locksFromElsewhere(session);
  const saidGone = await askAboutOthers(away, locks, question);
  if (away !== null) {
    releaseElsewhere(path, away);
    say("Its lock was removed.");
  }
  const nothing = `The site ${question.name} is not locked.`;
  if (!isThere(place.stateDirectory) && locks.length === 0) return say(nothing);
  const freed = await freeLocally(place, session, saidGone);
  if (!freed && holder === null) say(nothing);
}

/** Names all that other hosts hold, and asks once for the word that those commands are gone: files of Pulumi's locks. */
async function askAboutOthers(
  holder: LockRecord | null,
  locks: readonly StackLock[],
  question: TypedQuestion,
): Promise<ReadonlySet<string>> {
  const held = [
    ...(holder === null ? [] : [`The site ${question.name} is held by ${describeHolder(holder)}`]),
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
