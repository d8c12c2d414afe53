import { readDuration } from "../durations.ts";
import { exitCodes, UserError } from "../errors.ts";
import { commandsOf } from "../failover/next.ts";
import { apiVersion, facts, jsonDocument, writeResult } from "../output.ts";
import { etcdCommand } from "../remote/etcd.ts";
import { siteFlag } from "../site.ts";
import { sayToEtcd } from "./operator-word.ts";

export interface PauseArgs {
  site: string;
  /** As it was given, e.g. "30m". */
  duration: string | undefined;
  off: boolean;
  format: string;
}

/** A pause that is forgotten must end: nothing is promoted by itself meanwhile. */
const bounds = { least: "1s", most: "7d" };

/**
 * `evenkeel pause --for DURATION | --off`: no keeper promotes its region by itself until then. What an operator asks for is
 * done all the same. The end goes by the wall clocks of the keepers' hosts, reckoned from the operator's machine.
 */
export async function pause(args: PauseArgs): Promise<void> {
  const lastingMs = millisecondsAsked(args);
  const command = args.off ? "pause --off" : `pause --for ${args.duration}`;
  const document = await sayToEtcd(args.site, command, async ({ config: { site }, by, put }) => {
    const until = lastingMs === null ? null : Math.ceil((Date.now() + lastingMs) / 1000);
    const keys = await put({
      command: until === null ? etcdCommand.endPause() : etcdCommand.pause(until, by),
      what: `the pause of ${site} was not changed`,
      next: `npx evenkeel ${command}${siteFlag(site)}`,
    });
    return { apiVersion, site, paused: keys.paused, until: keys.pausedUntil };
  });
  writeResult(args.format === "json" ? jsonDocument(document) : pauseTable(document));
}

/** Null: the pause ends. */
function millisecondsAsked({ duration, off, site }: PauseArgs): number | null {
  if (off !== (duration !== undefined))
    return duration === undefined ? null : readDuration("--for", duration, bounds);
  throw new UserError({
    what: off ? "pause takes --for or --off, not both" : "pause takes --for DURATION or --off",
    next: `npx evenkeel pause --for 30m${siteFlag(site)}, or ${commandsOf(siteFlag(site)).endPause}`,
    exitCode: exitCodes.usage,
  });
}

function pauseTable({
  site,
  paused,
  until,
}: {
  site: string;
  paused: boolean;
  until: string | null;
}): string {
  return facts([
    ["Site", site],
    ["Promotion by itself", paused ? `paused until ${until ?? "--off"}` : "not paused"],
  ]);
}
