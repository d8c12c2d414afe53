import { setTimeout as delay } from "node:timers/promises";
import type { SiteConfig } from "../../components/config.ts";
import { exitCodes } from "../errors.ts";
import { type Diagnosis, decide } from "../failover/decide.ts";
import { commandsOf } from "../failover/next.ts";
import { type Observation, unbuiltRegion } from "../failover/observation.ts";
import { protectionOf } from "../failover/protection.ts";
import { heartbeatLimit } from "../failover/writers.ts";
import { hostsOf, openHosts, sshHosts } from "../hosts.ts";
import { describeHolder, type LockRecord, lockFile, readLock } from "../lock.ts";
import { isReaderGone, jsonDocument, writeResult } from "../output.ts";
import { openExisting, readOutputs } from "../rollout/session.ts";
import { type SitePlace, siteConfig, siteFlag, sitePlace } from "../site.ts";
import { say, withoutHidden } from "../terminal.ts";
import { statusDocument, statusTable } from "./document.ts";
import { type Look, lookAt, repeatedLook } from "./look.ts";

export interface StatusArgs {
  site: string;
  format: string;
  /** Seconds between two looks; undefined: one look. */
  watch?: number | undefined;
}

const dial = { attempts: 1, timeoutSeconds: 4 };
const clearScreen = "\u001b[H\u001b[2J";

/**
 * `evenkeel status`: looks at everything, changes nothing. Returns 10 when anything is not as it should be. With
 * `--watch` it looks again and again until it is interrupted: a fresh screen at a terminal, else one document after
 * the other (JSON: one a line).
 */
export async function showStatus(args: StatusArgs): Promise<number> {
  const place = sitePlace(args.site);
  const look = openLook(place, siteConfig(place));
  tellWhoWorks(place);
  try {
    for (;;) {
      const { text, exitCode } = renderStatus(await look.once(), args.format);
      if (args.watch === undefined) {
        writeResult(text);
        return exitCode;
      }
      if (args.format === "json") writeResult(`${JSON.stringify(JSON.parse(text))}\n`);
      else if (process.stdout.isTTY) writeResult(`${clearScreen}${new Date().toLocaleTimeString()}\n${text}`);
      else writeResult(`${new Date().toISOString()}\n${text}\n`);
      await delay(args.watch * 1000);
      if (isReaderGone()) return exitCode;
    }
  } finally {
    await look.close();
  }
}

/** What a command that is under way has not done yet looks like what is wrong. */
function tellWhoWorks(place: SitePlace): void {
  const file = lockFile(place.stateDirectory);
  let holder: LockRecord | null;
  try {
    holder = readLock(file);
  } catch {
    // Looking goes on; whoever wants the lock is told.
    say(`${file} can't be read, so nobody can tell who works at the site.`);
    return;
  }
  if (holder !== null)
    say(`The site is being worked at by ${describeHolder(holder)}: what is missing may be under way.`);
}

/** What is printed for an observation, and the exit code: 0 only when all is well. */
export function renderStatus(observation: Observation, format: string): { text: string; exitCode: number } {
  const commands = commandsOf(siteFlag(observation.site));
  const diagnosis: Diagnosis = decide(observation, commands);
  const document = statusDocument(observation, diagnosis, protectionOf(observation, commands));
  const text = format === "json" ? jsonDocument(document) : statusTable(document, observation);
  // What a host said stands in it.
  return {
    text: withoutHidden(text),
    exitCode: diagnosis.state === "healthy" ? exitCodes.ok : exitCodes.degraded,
  };
}

/** Opens a look at whatever is there of a site. Makes and changes nothing. */
export function openLook(place: SitePlace, config: SiteConfig): Look {
  return repeatedLook({
    nothing: nothingBuilt(config),
    // Looking never sets a machine up: where it wasn't, nothing of the site can be there either.
    session: () => openExisting(place, config),
    outputs: (session) => {
      session.stacks.forgetOutputs();
      return readOutputs(session);
    },
    connect: (session, outputs) => openHosts(place, outputs, session.secrets, dial),
    add: (ssh, outputs) => ssh.addHosts(sshHosts(hostsOf(outputs), dial, place.name)),
    look: lookAt,
  });
}

function nothingBuilt(config: SiteConfig): Observation {
  return {
    site: config.site,
    url: null,
    dns: null,
    regions: config.regions.map(unbuiltRegion),
    thirdPlace: null,
    etcd: null,
    durability: config.durability,
    heartbeatSeconds: heartbeatLimit(config),
    cooldownSeconds: config.cooldownSeconds,
    machines: null,
  };
}
