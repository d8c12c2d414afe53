import { percentile } from "../rollout/table.ts";
import type { KeeperUse } from "./keeper.ts";

/** docs/bench-lease.md. Pure. */

export const durabilities = ["async", "bounded", "strict"] as const;

export interface CommitFigures {
  /** Added to the round trip between the regions. */
  distanceMs: number;
  durability: (typeof durabilities)[number];
  commitMs: readonly number[];
}

export interface PageFacts {
  machine: string;
  figures: readonly CommitFigures[];
  keepers: readonly KeeperUse[];
  idleSeconds: number;
}

export function page({ machine, figures, keepers, idleSeconds }: PageFacts): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rows = (head: readonly string[], body: readonly string[][]) =>
    [row(head), row(head.map(() => "---")), ...body.map(row)].join("\n");
  return `# What one writer by construction costs

Written by \`npm run bench:lease\`; not edited by hand. ${machine}, all hosts on that machine, nobody else at the site.

## A commit

Of one row in one session on the active region's database, one after the other, by durability and by what was added to
the round trip between the regions. The ratio is that of the medians, to \`async\` at the same distance.

${rows(
  ["round trip, ms", "durability", "p50, ms", "p95, ms", "least-most, ms", "commits", "ratio"],
  figures.map((one) => [
    `+${one.distanceMs}`,
    one.durability,
    percentile(one.commitMs, 50).toFixed(2),
    percentile(one.commitMs, 95).toFixed(2),
    `${Math.min(...one.commitMs).toFixed(2)}-${Math.max(...one.commitMs).toFixed(2)}`,
    String(one.commitMs.length),
    `${ratio(figures, one).toFixed(1)}x`,
  ]),
)}

## A keeper

Over ${idleSeconds} s with nobody at the site: of one core, and of memory without and with its part of what processes share.

${rows(
  ["host", "% of a core", "own, MB", "whole, MB"],
  keepers.map((one) => [one.host, one.percent.toFixed(2), one.ownMb.toFixed(0), one.wholeMb.toFixed(0)]),
)}
`;
}

function ratio(figures: readonly CommitFigures[], one: CommitFigures): number {
  const base = figures.find(
    ({ distanceMs, durability }) => distanceMs === one.distanceMs && durability === "async",
  );
  return percentile(one.commitMs, 50) / percentile(base?.commitMs ?? one.commitMs, 50);
}
