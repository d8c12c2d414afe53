import { setTimeout as delay } from "node:timers/promises";
import { readDuration } from "../durations.ts";
import { apiVersion, isReaderGone, jsonDocument, writeResult } from "../output.ts";
import type { Move } from "../remote/operator-keys.ts";
import { type SitePlace, siteConfig, sitePlace } from "../site.ts";
import { withoutHidden } from "../terminal.ts";
import { type Event, eventKey, eventsOf, eventsSince, eventsTable } from "./events.ts";
import { type EtcdHistory, openEtcdHistory, readAll, readJournal, tell } from "./read.ts";

export interface EventsArgs {
  site: string;
  /** As it was given, e.g. "1h"; undefined: all. */
  since: string | undefined;
  follow: boolean;
  format: string;
}

const bounds = { least: "1s", most: "3650d" };
const journalEveryMs = 1000;
/** Of etcd: moves of other clones, which nobody waits for to the second. */
const etcdEveryMs = 10_000;

/**
 * `evenkeel events`: what commands did to the site, by this clone's journal, and the moves that etcd's history has, those of
 * other clones too. With `--follow` it looks again until it is interrupted: one line an event (JSON: one document a line).
 */
export async function showEvents(args: EventsArgs): Promise<void> {
  const lastMs =
    args.since === undefined ? Number.POSITIVE_INFINITY : readDuration("--since", args.since, bounds);
  const sinceMs = Date.now() - lastMs;
  const place = sitePlace(args.site);
  const { site } = siteConfig(place);
  if (args.follow) return await follow(place, sinceMs, args.format);
  const { lines, moves } = await readAll(place);
  const events = eventsSince(eventsOf(lines, moves), sinceMs);
  const text = args.format === "json" ? jsonDocument({ apiVersion, site, events }) : eventsTable(events);
  writeResult(withoutHidden(text));
}

async function follow(place: SitePlace, sinceMs: number, format: string): Promise<void> {
  const etcd = await openEtcdHistory(place);
  const shown = new Set<string>();
  let moves: readonly Move[] = [];
  let askedMs = Number.NEGATIVE_INFINITY;
  try {
    for (let isFirst = true; !isReaderGone(); isFirst = false) {
      if (performance.now() - askedMs >= etcdEveryMs) {
        moves = (await askAgain(etcd, { isFirst })) ?? moves;
        askedMs = performance.now();
      }
      const { lines, problems } = readJournal(place);
      if (isFirst) tell(problems, null);
      const fresh = eventsSince(eventsOf(lines, moves), sinceMs).filter((one) => !shown.has(eventKey(one)));
      for (const event of fresh) shown.add(eventKey(event));
      writeResult(withoutHidden(freshText(fresh, format, isFirst)));
      await delay(journalEveryMs);
    }
  } finally {
    await etcd.close();
  }
}

/** What etcd has; null where it can't be asked, which is said the first time. */
async function askAgain(etcd: EtcdHistory, { isFirst }: { isFirst: boolean }) {
  const { moves, why } = await etcd.moves();
  if (isFirst && moves === null) tell([], why);
  return moves;
}

function freshText(events: readonly Event[], format: string, isFirst: boolean): string {
  if (format === "json")
    return events.map((event) => `${JSON.stringify({ apiVersion, ...event })}\n`).join("");
  return eventsTable(events, { withHeader: isFirst });
}
