const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text for any place of an HTML or SVG document, attributes in quotes included. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] as string);
}

/** A table of texts, each of which is escaped here. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (tag: "th" | "td", cells: readonly string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${escape(cell)}</${tag}>`).join("")}</tr>`;
  return `<div class="wide"><table>${row("th", head)}${rows.map((cells) => row("td", cells)).join("")}</table></div>`;
}
