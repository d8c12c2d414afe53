/** Results go to standard output, and nothing else does. Progress and errors are the business of progress.ts. */

/** Version of every JSON document that Evenkeel prints. */
export const apiVersion = "evenkeel/v1";

export type Write = (text: string) => void;

export const writeResult: Write = (text) => {
  process.stdout.write(text);
};

/** Whether whoever read the results has gone (`| head -1`): what prints for ever ends then. */
export function isReaderGone(): boolean {
  return process.stdout.errored !== null;
}

/** One JSON document with a newline at its end. */
export function jsonDocument(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * A plain table: columns two spaces apart, no trailing spaces, so that a line can be cut and compared. A value that
 * is not known (null) is shown as a dash, never as an empty cell that looks like a fact.
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number | null)[])[],
): string {
  const cells = [header, ...rows.map((row) => row.map((value) => (value === null ? "-" : String(value))))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return `${cells.map(line).join("\n")}\n`;
}

/** Lines of "name  value", aligned. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}
