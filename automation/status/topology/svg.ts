import type { Health, Part, Place, Topology } from "./model.ts";

const margin = 24;
const partWidth = 300;
const partHeight = 46;
const gap = 14;
const head = 62;
const column = partWidth + 2 * gap + 60;

const colour = (health: Health) => (health === null ? "#757575" : health ? "#2e7d32" : "#c62828");
const word = (health: Health) => (health === null ? "unknown" : health ? "well" : "not well");
const escape = (value: string) =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

interface Spot {
  x: number;
  y: number;
}

/** The picture as one SVG document without any outside reference. Measures in pixels. */
export function svgTopology({ headline, places, flows }: Topology): string {
  const tallest = Math.max(1, ...places.map(({ parts }) => parts.length));
  const height = margin * 2 + 30 + head + tallest * (partHeight + gap) + flows.length * 22 + 20;
  const width = margin * 2 + places.length * column - 60;
  const spots = new Map<string, Spot>();
  const boxes = places.map((place, index) => drawPlace(place, margin + index * column, tallest, spots));
  const arrows = flows.map(({ from, to, health }) =>
    drawArrow(spots.get(from), spots.get(to), colour(health)),
  );
  const top = margin + 30 + head + tallest * (partHeight + gap) + 24;
  const legend = flows.map(({ from, to, label, health }, index) =>
    line(margin, top + index * 22, `${from} → ${to}: ${label} (${word(health)})`, colour(health)),
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="14" role="img">
<title>${escape(headline)}</title>
<defs><marker id="tip" markerWidth="10" markerHeight="8" refX="9" refY="4" orient="auto"><path d="M0,0 L10,4 L0,8 z" fill="context-stroke"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
${line(margin, margin + 6, headline, "#222222", "bold")}
${[...boxes, ...arrows, ...legend].join("\n")}
</svg>
`;
}

function drawPlace(place: Place, x: number, tallest: number, spots: Map<string, Spot>): string {
  const y = margin + 24;
  const height = head + tallest * (partHeight + gap);
  const parts = place.parts.map((part, index) => {
    const top = y + head + index * (partHeight + gap);
    spots.set(part.id, { x: x + gap, y: top });
    return drawPart(part, x + gap, top);
  });
  return [
    `<rect x="${x}" y="${y}" width="${partWidth + 2 * gap}" height="${height}" rx="8" fill="#f6f6f6" stroke="#bbbbbb"/>`,
    line(x + gap, y + 24, `${place.name} (${place.role})`, "#222222", "bold"),
    line(x + gap, y + 44, place.url ?? "", "#555555"),
    ...parts,
  ].join("\n");
}

function drawPart({ name, detail, health }: Part, x: number, y: number): string {
  return [
    `<rect x="${x}" y="${y}" width="${partWidth}" height="${partHeight}" rx="6" fill="#ffffff" stroke="${colour(health)}" stroke-width="2"/>`,
    line(x + 10, y + 19, name, "#222222", "bold"),
    line(x + 10, y + 37, `${detail} (${word(health)})`, colour(health)),
  ].join("\n");
}

/** From the nearer side of one part to the nearer side of the other. */
function drawArrow(from: Spot | undefined, to: Spot | undefined, stroke: string): string {
  if (from === undefined || to === undefined) return "";
  const rightwards = to.x > from.x;
  const start = { x: from.x + (rightwards ? partWidth : 0), y: from.y + partHeight / 2 };
  const end = { x: to.x + (rightwards ? 0 : partWidth), y: to.y + partHeight / 2 };
  return `<line x1="${start.x}" y1="${start.y}" x2="${end.x}" y2="${end.y}" stroke="${stroke}" stroke-width="2" marker-end="url(#tip)"/>`;
}

function line(x: number, y: number, content: string, fill: string, weight = "normal"): string {
  return `<text x="${x}" y="${y}" fill="${fill}" font-weight="${weight}">${escape(content)}</text>`;
}
