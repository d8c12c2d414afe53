import type { Health, Topology } from "./model.ts";

const sign = (health: Health) => (health === null ? "?" : health ? "+" : "!");

/** The picture in plain characters: a box a place, side by side, then the arrows. */
export function asciiTopology({ headline, places, flows }: Topology): string {
  const boxes = places.map(({ name, role, url, parts }) => {
    const width = Math.max(0, ...parts.map((part) => part.name.length));
    const lines = parts.map((part) => `${sign(part.health)} ${part.name.padEnd(width)}  ${part.detail}`);
    return box([`${name} (${role})`, ...(url === null ? [] : [url])], lines);
  });
  const height = Math.max(0, ...boxes.map((lines) => lines.length));
  const rows = Array.from({ length: height }, (_, row) =>
    boxes
      .map((lines) => lines[row] ?? " ".repeat(lines[0]?.length ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const arrows = flows.map(({ from, to, label, health }) => `${sign(health)} ${from} --> ${to}  ${label}`);
  return `${[headline, "", ...rows, "", ...arrows, "", "+ well   ! not well   ? unknown"].join("\n")}\n`;
}

function box(head: readonly string[], body: readonly string[]): string[] {
  const width = Math.max(...[...head, ...body].map((line) => line.length));
  const rule = `+${"-".repeat(width + 2)}+`;
  const row = (line: string) => `| ${line.padEnd(width)} |`;
  return [rule, ...head.map(row), rule, ...body.map(row), ...(body.length === 0 ? [] : [rule])];
}
