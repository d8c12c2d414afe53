import { escapeHtml } from "../html.ts";
import { moveText } from "./events.ts";
import { momentText, type Timeline, type TimelineEntry } from "./timeline.ts";

/** A run as one page that needs no network: a bar a step, on the run's own scale. */
export function timelineHtml(timeline: Timeline, site: string): string {
  const { run, command, startedAt, exitCode, entries, move } = timeline;
  const wholeSeconds = Math.max(0.001, ...entries.map(({ atSeconds }) => atSeconds));
  const ended = exitCode === null ? "not, as far as the journal says" : `with exit code ${exitCode}`;
  const rows = entries.map((entry) => row(entry, wholeSeconds)).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${site}: ${command}`)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(command)}</h1>
<dl>
<dt>Site</dt><dd>${escapeHtml(site)}</dd>
<dt>Run</dt><dd>${escapeHtml(run)}</dd>
<dt>Started</dt><dd>${escapeHtml(startedAt)}</dd>
<dt>Ended</dt><dd>${escapeHtml(ended)}</dd>
${move === null ? "" : `<dt>Moved</dt><dd>${escapeHtml(moveText(move))}</dd>\n`}</dl>
<table>
<thead><tr><th>At</th><th>What</th><th>Step</th><th>Seconds</th><th class="scale">0 to ${wholeSeconds.toFixed(3)} s</th><th>Note</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</body>
</html>
`;
}

const style = `body{font:15px/1.4 system-ui,sans-serif;margin:2em;color:#222;background:#fff}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2em 1em}dt{color:#666}dd{margin:0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25em .6em;border-bottom:1px solid #ddd;vertical-align:top}
.scale{width:35%}.bar{position:relative;height:1.1em}.bar i{position:absolute;height:100%;min-width:2px;background:#3572b0}
.failed .bar i,.cut .bar i{background:#b3261e}.failed td:nth-child(2),.cut td:nth-child(2){font-weight:bold}
td:first-child,td:nth-child(4){font-variant-numeric:tabular-nums;white-space:nowrap}`;

function row({ atSeconds, what, name, region, seconds, note }: TimelineEntry, wholeSeconds: number): string {
  const lasted = Math.min(seconds ?? 0, atSeconds);
  const percent = (part: number) => ((part / wholeSeconds) * 100).toFixed(2);
  const bar = `<div class="bar"><i style="left:${percent(atSeconds - lasted)}%;width:${percent(lasted)}%"></i></div>`;
  const cells = [
    momentText(atSeconds),
    what,
    region === null ? name : `${name} ${region}`,
    seconds === null ? "" : seconds.toFixed(3),
  ].map((text) => `<td>${escapeHtml(text)}</td>`);
  return `<tr class="${what}">${cells.join("")}<td>${bar}</td><td>${escapeHtml(note ?? "")}</td></tr>`;
}
