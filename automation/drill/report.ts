import { escapeHtml } from "../html.ts";
import type { Attempt } from "./attempt.ts";
import type { DrillDocument, DrillRound } from "./document.ts";
import type { Objective } from "./objectives.ts";
import { requestPlot } from "./plot.ts";
import { style } from "./report-style.ts";
import { timelinePlot } from "./timeline.ts";

/**
 * The report of a drill: one HTML file that asks nobody for anything (no script, no font, no picture from elsewhere).
 * Colour never says anything alone. Pure; `attempts` is a list a round, in the order of the document's rounds.
 */
export function drillReport(document: DrillDocument, attempts: readonly (readonly Attempt[])[]): string {
  const { site, kind, rounds } = document;
  const title = escapeHtml(`Drill of ${site}: ${kind}`);
  const sections = rounds.map((round, i) => roundSection(round, attempts[i] ?? [], rounds.length > 1));
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
${header(document)}
${rounds.length > 1 ? overview(document) : ""}
${sections.join("\n")}
</html>
`;
}

function header(document: DrillDocument): string {
  const { site, kind, engine, durability, startedAt, endedAt, rounds, met } = document;
  const stopped = rounds.some(({ failure }) => failure !== null);
  const verdict = stopped ? "stopped half-way" : met ? "every objective met" : "objective missed";
  const facts: [string, string][] = [
    ["Site", site],
    ["Kind", kind],
    ["Engine", engine ?? "unknown"],
    ["Durability", durability],
    ["From", startedAt],
    ["To", endedAt],
    ["Rounds", String(rounds.length)],
  ];
  const list = facts.map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`).join("");
  const mark = met && !stopped ? "ok" : "bad";
  return `<p class="verdict ${mark}">${mark === "ok" ? "✓" : "✗"} ${verdict}</p>\n<dl>${list}</dl>`;
}

function overview({ rounds }: DrillDocument): string {
  const cells = rounds.map(({ round, figures, objectives, failure }) => [
    String(round),
    ms(figures.outages[0]?.writesMs ?? null),
    ms(figures.outages[0]?.readsMs ?? null),
    known(figures.rpoRows),
    failure === null ? missedText(objectives) : `✗ stopped: ${failure.what}`,
  ]);
  const head = ["Round", "RTO of writes", "RTO of reads", "Orders lost", "Objectives"];
  return `<h2>All rounds</h2>\n${table(head, cells)}`;
}

function missedText(objectives: readonly Objective[]): string {
  const missed = objectives.filter(({ met }) => met !== true).length;
  return missed === 0 ? "✓ all met" : `✗ ${missed} missed`;
}

function roundSection(round: DrillRound, attempts: readonly Attempt[], isNumbered: boolean): string {
  const { active, target, epochBefore, epochAfter, failure, loss, rows } = round;
  const heading = isNumbered ? `<h2>Round ${round.round}</h2>` : "";
  const way = `${active} to ${target} and back, epoch ${epochBefore} to ${known(epochAfter)}; rows in the end: ${rows ?? "not compared"}`;
  return `<section>${heading}
<p>${escapeHtml(way)}</p>
${failure === null ? "" : failureNote(failure)}
<div class="tiles">${round.objectives.map(tile).join("")}</div>
<h3>Requests</h3>
${requestPlot(round, attempts)}
<h3>Timeline</h3>
${timelinePlot(round)}
<h3>Figures</h3>
${figuresTable(round)}
<h3>What the connection that stayed with the old address saw</h3>
${pinnedTable(round)}
<h3>Steps</h3>
${stepsTable(round)}
${loss === null ? "" : `<h3>Loss report</h3>\n<pre>${escapeHtml(loss.text)}</pre>`}
</section>`;
}

function failureNote({ what, why, next }: NonNullable<DrillRound["failure"]>): string {
  const reason = why === null ? "" : ` (${why})`;
  return `<p class="verdict bad">✗ ${escapeHtml(`${what}${reason}`)}<br>next: <code>${escapeHtml(next)}</code></p>`;
}

function tile({ name, unit, objective, measured, met }: Objective): string {
  const show = (value: number | null) => (unit === "ms" ? ms(value) : known(value));
  const [mark, word] = met === true ? ["ok", "✓ met"] : ["bad", met === null ? "✗ not measured" : "✗ missed"];
  return `<div class="tile ${mark}"><b>${escapeHtml(show(measured))}</b><span>${escapeHtml(name)}</span><span>at most ${escapeHtml(show(objective))}</span><em>${word}</em></div>`;
}

function figuresTable({ figures }: DrillRound): string {
  const { orders, failed, refused, answerMs, rpoRows, rpoSeconds, doubled, lost } = figures;
  const counted = (counts: Record<string, number>) =>
    Object.entries(counts)
      .map(([status, count]) => `${status}: ${count}`)
      .join(", ") || "none";
  const took = (answers: typeof answerMs.before) =>
    answers === null ? "not measured" : `${ms(answers.p50)} / ${ms(answers.p95)}`;
  const rows = [
    [
      "Orders asked for, acknowledged, attempts",
      `${orders.asked}, ${orders.acknowledged}, ${orders.attempts}`,
    ],
    [
      "Acknowledged and missing (RPO)",
      `${known(rpoRows)} orders over ${rpoSeconds === null ? "unknown" : `${rpoSeconds} s`}`,
    ],
    ["The missing ones", lost === null ? "unknown" : lost.slice(0, 50).join(", ") || "none"],
    ["Written twice", known(doubled)],
    ["Writes that failed, by status", counted(failed.writes)],
    ["Reads that failed, by status", counted(failed.reads)],
    ["Refused with Retry-After, without", `${refused.withRetryAfter}, ${refused.withoutRetryAfter}`],
    ["Answer time before, p50 / p95", took(answerMs.before)],
    ["Answer time after, p50 / p95", took(answerMs.after)],
  ];
  const outages = figures.outages.map(({ name, writesMs, readsMs, refused: said, failed: lostOnes }) => [
    `${name}: longest time without writes, without reads`,
    `${ms(writesMs)}, ${ms(readsMs)} (${said} refused, ${lostOnes} failed)`,
  ]);
  return table(["Figure", "Value"], [...outages, ...rows]);
}

function pinnedTable({ figures: { pinned, late } }: DrillRound): string {
  return table(
    ["While another region was the writer", "Attempts"],
    [
      ["asked", String(pinned.asked)],
      ["refused with 503", String(pinned.refused)],
      ["no answer, or another error", String(pinned.unanswered)],
      ["acknowledged (must be 0)", String(pinned.acknowledged)],
      ["acknowledged late on any connection (must be 0)", String(late.all)],
    ],
  );
}

function stepsTable({ steps, startedMs }: DrillRound): string {
  const cells = steps.map((step) => [
    `+${((step.startedMs - startedMs) / 1000).toFixed(1)} s`,
    step.of,
    step.region === null ? step.name : `${step.name} (${step.region})`,
    ms(step.endedMs - step.startedMs),
    step.outcome === "failed" ? "✗ failed" : step.outcome,
    step.note ?? step.why,
  ]);
  return table(["Began", "Part of", "Step", "Took", "Outcome", "What it said"], cells);
}

/** Null is unknown, and says so. */
function known(value: number | null): string {
  return value === null ? "unknown" : String(value);
}

function ms(value: number | null): string {
  if (value === null) return "unknown";
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}

/** Of texts, each of which is escaped here. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (tag: "th" | "td", cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table>${row("th", head)}${rows.map((cells) => row("td", cells)).join("")}</table></div>`;
}
