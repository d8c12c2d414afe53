import type { Health, Topology } from "./model.ts";

const classOf = (health: Health) => (health === null ? "unknown" : health ? "well" : "ill");
const idOf = (id: string) => id.replaceAll(/[^A-Za-z0-9]/g, "_");
/** Quoted text of a node: Mermaid reads entities there, and ends it at a quote. */
const text = (value: string) =>
  value.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");

/** The picture as a Mermaid flowchart. */
export function mermaidTopology({ headline, places, flows }: Topology): string {
  const groups = places.flatMap(({ name, role, url, parts }) => [
    `  subgraph ${idOf(name)}["${text([name, role, url].filter((part) => part !== null).join(" · "))}"]`,
    ...parts.map(
      (part) =>
        `    ${idOf(part.id)}["${text(part.name)}<br/>${text(part.detail)}"]:::${classOf(part.health)}`,
    ),
    "  end",
  ]);
  const arrows = flows.map(({ from, to, label, health }) => {
    const line = health === true ? "-->" : "-.->";
    return `  ${idOf(from)} ${line}|"${text(label)}"| ${idOf(to)}`;
  });
  return `${[
    "---",
    `title: ${JSON.stringify(headline)}`,
    "---",
    "flowchart LR",
    ...groups,
    ...arrows,
    "  classDef well stroke:#2e7d32",
    "  classDef ill stroke:#c62828,stroke-width:3px",
    "  classDef unknown stroke:#757575,stroke-dasharray:4",
  ].join("\n")}\n`;
}
