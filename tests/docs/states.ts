import { byHand } from "../../automation/failover/by-hand.ts";
import { type MoveRequest, type Row, rowsOf } from "../../automation/failover/plan.ts";
import { healthySite } from "../unit/failover/sites.ts";

/** docs/states.md and the run-book's part on moves: what the table of moves says, in words. Pure. */

const moves: { title: string; command: string; request: MoveRequest }[] = [
  {
    title: "Switchover",
    command: "npx evenkeel switchover --to secondary",
    request: { kind: "switchover", from: "primary", to: "secondary" },
  },
  {
    title: "Failover",
    command: "npx evenkeel failover --to secondary",
    request: { kind: "failover", from: "primary", to: "secondary", byForce: false, confirmedOff: [] },
  },
  {
    title: "Failover to a region that lacks something",
    command: "npx evenkeel failover --to secondary --accept-loss ROWS --confirmed-off primary",
    request: { kind: "failover", from: "primary", to: "secondary", byForce: true, confirmedOff: ["primary"] },
  },
  {
    title: "Reinstatement",
    command: "npx evenkeel reinstate primary",
    request: { kind: "reinstate", region: "primary", writer: "secondary", method: null },
  },
];

const head = `# States and moves

Written by \`npm run states\` from the table in \`automation/failover/plan.ts\`; not edited by hand. Of a site whose primary
region was active at epoch 1. Each step can be run alone: \`--only STEP\` behind the move's command, or the host's own
command that stands here. A move that was cut anywhere is given again: it plans from what it finds.

## Roles of a region

`;

const roles = [
  ["role", "its database", "goes on to"],
  ["unseeded", "empty", "standby, once it was seeded from the writer"],
  ["standby", "follows the writer, read-only", "active by a promotion"],
  [
    "active",
    "accepts writes for as long as the lease holds",
    "fenced by a demotion, a fence or a later writer's lease",
  ],
  ["fenced", "closed, and follows nobody", "standby by `reinstate`; active again by `resume`"],
];

function section(level: string, { title, command, request }: (typeof moves)[number]): string {
  const rows = rowsOf(request, healthySite());
  const lines = rows.map((row, i) => [String(i + 1), row.name, row.region, row.why, handCell(row)]);
  const columns = aligned([["#", "step", "region", "why", "by hand"], ...lines]);
  return [`${level} ${title}`, "", `\`${command}\``, "", ...columns, ""].join("\n");
}

/** As the formatter has tables. */
function aligned([head = [], ...rows]: readonly (readonly string[])[]): string[] {
  const widths = head.map((_, i) => Math.max(3, ...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

function handCell(row: Row): string {
  const command = byHand(row);
  return command === null ? "happens by itself, and is waited for" : `\`${command}\``;
}

export function statesPage(): string {
  const table = `${aligned(roles).join("\n")}\n`;
  return [head.trimEnd(), "", table, ...moves.map((move) => section("## Move:", move))].join("\n");
}

export const [begin, end] = ["<!-- moves: npm run states -->", "<!-- end of moves -->"];

/** The run-book with its part on moves as the table has it. Throws where its marks are missing. */
export function withMoves(runbook: string): string {
  const [from, to] = [runbook.indexOf(begin), runbook.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/runbook.md has no ${begin} before ${end}`);
  const steps = moves.map((move) => section("###", move)).join("\n");
  return `${runbook.slice(0, from + begin.length)}\n\n${steps}\n${runbook.slice(to)}`;
}
