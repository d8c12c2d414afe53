import { escapeHtml } from "../html.ts";
import { type Attempt, isAcknowledged } from "./attempt.ts";
import type { DrillRound } from "./document.ts";

/** Answer times over time, as SVG. Every kind of answer has a shape of its own besides its colour. Pure. */

const box = { width: 900, height: 320, left: 60, right: 12, top: 34, bottom: 34 };
/** Answer times span four decades, so their axis is logarithmic. */
const leastMs = 1;
const mostMs = 10_000;

export interface Scale {
  (atMs: number): number;
}

export function timeScale(fromMs: number, toMs: number, width: number, left: number, right: number): Scale {
  const span = Math.max(1, toMs - fromMs);
  return (atMs) => left + ((atMs - fromMs) / span) * (width - left - right);
}

const y = (tookMs: number) => {
  const share =
    Math.log10(Math.min(mostMs, Math.max(leastMs, tookMs)) / leastMs) / Math.log10(mostMs / leastMs);
  return box.height - box.bottom - share * (box.height - box.top - box.bottom);
};

/** Shapes as path data, so that thousands of requests stay a small file. */
const shapes = {
  dot: (x: number, at: number) => `M${x} ${at}h.01`,
  triangle: (x: number, at: number) => `M${x - 3} ${at + 3}h6l-3-6z`,
  cross: (x: number, at: number) => `M${x - 3} ${at - 3}l6 6m0-6l-6 6`,
  dash: (x: number, at: number) => `M${x - 1.5} ${at}h3`,
};

interface Series {
  words: string;
  className: string;
  shape: keyof typeof shapes;
  isIn: (attempt: Attempt) => boolean;
}

const isWrite = ({ kind }: Attempt) => kind !== "read";
const series: readonly Series[] = [
  {
    words: "page read (dash)",
    className: "read",
    shape: "dash",
    isIn: (one) => !isWrite(one) && one.status === 200,
  },
  {
    words: "order acknowledged (dot)",
    className: "taken",
    shape: "dot",
    isIn: (one) => isWrite(one) && isAcknowledged(one),
  },
  {
    words: "refused with 503 (triangle)",
    className: "refused",
    shape: "triangle",
    isIn: ({ status }) => status === 503,
  },
  {
    words: "failed or no answer (cross)",
    className: "failed",
    shape: "cross",
    isIn: (one) => one.status !== 503 && !(isWrite(one) ? isAcknowledged(one) : one.status === 200),
  },
];

export function requestPlot(round: DrillRound, attempts: readonly Attempt[]): string {
  if (attempts.length === 0) return "<p>The client told of no request.</p>";
  const fromMs = Math.min(...timesOf(attempts), round.startedMs);
  const toMs = Math.max(...timesOf(attempts));
  const x = timeScale(fromMs, toMs, box.width, box.left, box.right);
  const paths = series.map((one) => path(one, attempts, x));
  const legend = series
    .map(
      ({ words, className }, i) => `<tspan x="${box.left + i * 205}" class="${className}">${words}</tspan>`,
    )
    .join("");
  return `<div class="wide"><svg viewBox="0 0 ${box.width} ${box.height}" role="img" aria-label="Answer time of each request over time">
${bands(round, x)}${axes(fromMs, toMs, x)}${paths.join("")}${marks(round, x)}<text y="14">${legend}</text></svg></div>
<p>Shaded: no order was acknowledged through the public name. Height: answer time, logarithmic. The connection that stays with the old address is among the orders.</p>`;
}

/** Not by spreading: a long drill has more requests than a call takes arguments. */
function timesOf(attempts: readonly Attempt[]): [number, number] {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { sentMs, answeredMs } of attempts) {
    first = Math.min(first, sentMs);
    last = Math.max(last, answeredMs);
  }
  return [first, last];
}

function path({ className, shape, isIn }: Series, attempts: readonly Attempt[], x: Scale): string {
  const data = attempts
    .filter(isIn)
    .map(({ answeredMs, sentMs }) => shapes[shape](round1(x(answeredMs)), round1(y(answeredMs - sentMs))));
  if (data.length === 0) return "";
  const width = shape === "dot" ? 3 : 1.2;
  return `<path class="${className}" d="${data.join("")}" fill="none" stroke-width="${width}" stroke-linecap="round"/>`;
}

const round1 = (value: number) => Math.round(value * 10) / 10;

function axes(fromMs: number, toMs: number, x: Scale): string {
  const heights = [1, 10, 100, 1000, 10_000].map((value) => {
    const at = y(value);
    const words = value < 1000 ? `${value} ms` : `${value / 1000} s`;
    return `<line class="axis" x1="${box.left}" x2="${box.width - box.right}" y1="${at}" y2="${at}"/><text x="4" y="${at + 4}">${words}</text>`;
  });
  const stepMs = Math.max(1000, Math.ceil((toMs - fromMs) / 8 / 1000) * 1000);
  const count = Math.floor((toMs - fromMs) / stepMs);
  const seconds = Array.from({ length: count + 1 }, (_, i) => {
    const at = round1(x(fromMs + i * stepMs));
    return `<text x="${at}" y="${box.height - 12}">${(i * stepMs) / 1000} s</text>`;
  });
  return [...heights, ...seconds].join("");
}

function bands({ figures }: DrillRound, x: Scale): string {
  return figures.outages
    .flatMap(({ writesGap }) => (writesGap === null ? [] : [writesGap]))
    .map(({ fromMs, toMs }) => {
      const left = round1(x(fromMs));
      const width = round1(x(toMs)) - left;
      return `<rect class="band" x="${left}" y="${box.top}" width="${Math.max(1, width)}" height="${box.height - box.top - box.bottom}"/>`;
    })
    .join("");
}

/** The fault or command of each part, and the first acknowledgement behind it. */
function marks({ phases, figures }: DrillRound, x: Scale): string {
  const line = (atMs: number, words: string, row: number) => {
    const at = round1(x(atMs));
    const side = at > box.width * 0.75 ? ` text-anchor="end" dx="-4"` : ` dx="4"`;
    return `<line class="mark" x1="${at}" x2="${at}" y1="${box.top - 6}" y2="${box.height - box.bottom}"/><text x="${at}" y="${box.top + 12 * row}"${side}>${escapeHtml(words)}</text>`;
  };
  const begun = phases.map(({ name, fromMs }) => line(fromMs, name, 1));
  const ends = figures.outages.flatMap(({ writesGap }) =>
    writesGap === null ? [] : [line(writesGap.toMs, "orders again", 2)],
  );
  return [...begun, ...ends].join("");
}
