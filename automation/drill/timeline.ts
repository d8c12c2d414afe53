import { escapeHtml } from "../html.ts";
import type { DrillRound } from "./document.ts";
import { timeScale } from "./plot.ts";

const width = 900;
const rowHeight = 20;
const labels = 330;

/** The steps as bars over time, as SVG: what failed says so besides its colour. Pure. */
export function timelinePlot({ steps, startedMs, endedMs }: DrillRound): string {
  if (steps.length === 0) return "<p>No step was begun.</p>";
  const x = timeScale(startedMs, endedMs, width, labels, 70);
  const height = steps.length * rowHeight + 8;
  const bars = steps.map((step, i) => {
    const top = i * rowHeight + 4;
    const left = x(step.startedMs);
    const wide = Math.max(2, x(step.endedMs) - left);
    const failed = step.outcome === "failed";
    const took = `${((step.endedMs - step.startedMs) / 1000).toFixed(1)} s${failed ? " ✗" : ""}`;
    const name = `${step.of}: ${step.name}${step.region === null ? "" : ` (${step.region})`}`;
    const text = `<text x="0" y="${top + 12}">${escapeHtml(name.slice(0, 52))}</text>`;
    const bar = `<rect class="bar${failed ? " failed" : ""}" x="${left.toFixed(1)}" y="${top + 2}" width="${wide.toFixed(1)}" height="12"/>`;
    return `${text}${bar}<text x="${(left + wide + 4).toFixed(1)}" y="${top + 12}">${took}</text>`;
  });
  return `<div class="wide"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="Steps over time">${bars.join("")}</svg></div>`;
}
