import { apiVersion, jsonDocument, writeResult } from "../output.ts";
import { siteConfig, siteFlag, sitePlace } from "../site.ts";
import { withoutHidden } from "../terminal.ts";
import { eventsOf } from "./events.ts";
import { timelineHtml } from "./html.ts";
import { readAll } from "./read.ts";
import { pickRun, type Timeline, timelineOf, timelineTable } from "./timeline.ts";

export interface TimelineArgs {
  site: string;
  /** A run, a beginning of one, or "last". */
  id: string;
  format: string;
}

/** `evenkeel timeline ID`: one run, line by line, with times from its start. */
export async function showTimeline(args: TimelineArgs): Promise<void> {
  const place = sitePlace(args.site);
  const { site } = siteConfig(place);
  const { lines, moves } = await readAll(place);
  const runs = eventsOf(lines, moves).map(({ run }) => run);
  const timeline = timelineOf(pickRun(runs, args.id, siteFlag(site)), lines, moves);
  writeResult(withoutHidden(rendered(timeline, site, args.format)));
}

function rendered(timeline: Timeline, site: string, format: string): string {
  if (format === "json") return jsonDocument({ apiVersion, site, ...timeline });
  return format === "html" ? timelineHtml(timeline, site) : timelineTable(timeline);
}
