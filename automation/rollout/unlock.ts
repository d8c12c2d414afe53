import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { UserError } from "../errors.ts";
import { describeHolder, lockFile, readLock, releaseElsewhere, takeLock } from "../lock.ts";
import { liveness, thisHost } from "../processes.ts";
import { type SitePlace, siteConfig, sitePlace } from "../site.ts";
import { say, terminal } from "../terminal.ts";
import { askTyped } from "./confirm.ts";
import { existingEngine } from "./engine.ts";
import { endDeadRun, openAsFound } from "./session.ts";
import { cureStaleLocks } from "./stale.ts";

export interface UnlockArgs {
  site: string;
  confirm?: string | undefined;
  yes: boolean;
}

/**
 * `evenkeel unlock`: says who holds the site, and removes what a dead command left: the operator's lock, the processes
 * that it started, and Pulumi's own locks. A command that may be alive keeps its lock (exit 13). One on another host
 * can't be proved dead from here: its lock goes only when the site's name is confirmed.
 */
export async function unlock(args: UnlockArgs): Promise<void> {
  const place = sitePlace(args.site);
  const config = siteConfig(place);
  const path = lockFile(place.stateDirectory);
  const holder = readLock(path);
  if (holder !== null && liveness(holder, thisHost()) === "unknown") {
    say(`The site ${config.site} is held by ${describeHolder(holder)}, which can't be looked at from here.`);
    const { confirm: given, yes } = args;
    await askTyped({ name: config.site, given, flag: "--confirm", yes, terminal: terminal() });
    releaseElsewhere(path, holder);
    say("Its lock was removed.");
  }
  if (!existsSync(place.stateDirectory)) return say(`The site ${config.site} is not locked.`);
  const freed = await freeLocally(place, args.confirm === config.site);
  if (!freed && holder === null) say(`The site ${config.site} is not locked.`);
}

/** Takes the lock as any command does, which sets a dead holder aside and refuses a living one. */
async function freeLocally(place: SitePlace, otherHostsToo: boolean): Promise<boolean> {
  const lock = takeLock({ stateDirectory: place.stateDirectory, run: randomUUID(), command: "unlock" });
  let freed = lock.tookOverFrom !== null;
  try {
    await endDeadRun(lock);
    const session = (await existingEngine()) === null ? null : await openAsFound(place, siteConfig(place));
    if (session !== null) {
      const note = (text: string) => {
        freed = true;
        say(text);
      };
      await cureStaleLocks(session, note, { otherHostsToo });
    }
  } catch (error) {
    if (error instanceof UserError && freed) say("What was found before was removed; this remains:");
    throw error;
  } finally {
    lock.release();
  }
  return freed;
}
