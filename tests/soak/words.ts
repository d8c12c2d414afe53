import { percentile } from "../../bench/rollout/table.ts";

/** What the sections of docs/soak.md are made of. Pure. */

/** A distance at which nothing could be measured tells so. */
export function spread(values: readonly number[]): string {
  if (values.length === 0) return "unknown";
  const told = [50, 95].map((percent) => percentile(values, percent));
  return `${told.join(" / ")} (${Math.min(...values)}-${Math.max(...values)}, n=${values.length})`;
}

export function table(header: readonly string[], rows: readonly string[][]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---|").join("")}`, ...rows.map(line)];
}

export function outcome(problems: readonly string[], well: string): string {
  return problems.length === 0 ? well : `**failed:** ${problems.map(oneLine).join("; ")}`;
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function oneLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}

/** One that is not known makes the sum unknown. */
export function sumOf(counts: readonly (number | null)[]): string {
  if (counts.length === 0 || counts.includes(null)) return "unknown";
  return String(counts.reduce<number>((sum, count) => sum + (count ?? 0), 0));
}
