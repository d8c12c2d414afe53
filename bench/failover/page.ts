import { giveUpMs, type Measured, spread } from "./figures.ts";

/** docs/bench-failover.md, and the tables of a trial. Pure. */

/** The aims, by which the tables are headed. */
const aims = { stallMs: 300, forcedMs: 2000, backMs: 10_000 } as const;

type Column = readonly [head: string, cell: (one: Measured) => string];

const label: readonly Column[] = [
  ["what", ({ what }) => what],
  ["engine", ({ engine }) => engine],
  ["round trip, ms", ({ roundTripMs }) => `+${roundTripMs}`],
];

/** The sections of the page that hold figures. */
export function tables(measured: readonly Measured[]): string {
  const planned: readonly Column[] = [
    ...label,
    ["moves", ({ planned }) => String(planned.length)],
    ...both("stall", (one) => one.planned.map(({ stallMs }) => stallMs)),
    ["writes", (one) => String(sum(one, "asked"))],
    ["refused", (one) => String(sum(one, "refused"))],
    ["failed", (one) => String(sum(one, "failed"))],
    ["refused or failed of 10,000", perTenThousand],
  ];
  const forced: readonly Column[] = [
    ...label,
    ["kills", ({ forcedMs }) => String(forcedMs.length)],
    ...both("from the command", ({ forcedMs }) => forcedMs),
    ["kills", ({ automaticMs }) => (automaticMs === null ? "-" : String(automaticMs.length))],
    ...both("without a command", ({ automaticMs }) => automaticMs),
    ["acknowledged", ({ acknowledged }) => String(acknowledged)],
    ["lost", ({ lost }) => (lost === null ? "unknown" : String(lost))],
  ];
  const back: readonly Column[] = [
    ...label,
    ["returns", (one) => String(one.back.length)],
    ["by", ways],
    ...both("from the host's start", (one) => one.back.map(({ ms }) => ms)),
    ...both("the command's part", commandParts),
  ];
  return `## Planned

The writer is told to hand over, both sides being up. The stall is the longest time between two acknowledged writes.
The aim is ${aims.stallMs} ms.

${table(planned, measured)}

## Forced

The active side is killed at once and for good (its containers, SIGKILL). Counted to the first acknowledged write: from
the command to fail over, which is given as soon as the kill is done, and from the kill where nobody gives a command.
The aim is ${aims.forcedMs / 1000} s from the command, and nothing acknowledged that is lost.

${table(forced, measured)}

## The old writer's return

From the start of its host until it receives from the new writer. The aim is ${aims.backMs / 1000} s where no reseed is needed.

${table(back, measured)}`;
}

function both(
  name: string,
  values: (one: Measured) => readonly (number | null)[] | null,
): readonly [Column, Column] {
  const cell = (which: "p50" | "p95") => (one: Measured) => {
    const all = values(one);
    return all === null || all.length === 0 ? "-" : milliseconds(spread(all)[which]);
  };
  return [
    [`${name} p50, ms`, cell("p50")],
    [`${name} p95, ms`, cell("p95")],
  ];
}

const milliseconds = (value: number | null) =>
  value === null ? `not within ${giveUpMs / 1000} s` : value.toFixed(0);

function sum({ planned }: Measured, what: "asked" | "refused" | "failed"): number {
  return planned.reduce((total, one) => total + one[what], 0);
}

function perTenThousand(one: Measured): string {
  const asked = sum(one, "asked");
  return asked === 0 ? "-" : ((10_000 * (sum(one, "refused") + sum(one, "failed"))) / asked).toFixed(0);
}

function ways({ back }: Measured): string {
  const counts = Map.groupBy(back, ({ way }) => way);
  return [...counts].map(([way, some]) => `${some.length} ${way}`).join(", ");
}

function commandParts({ back }: Measured): (number | null)[] | null {
  const parts = back.map(({ commandMs }) => commandMs);
  return parts.every((part) => part === null) ? null : parts;
}

function table(columns: readonly Column[], measured: readonly Measured[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const head = [row(columns.map(([name]) => name)), row(columns.map(() => "---"))];
  return [...head, ...measured.map((one) => row(columns.map(([, cell]) => cell(one))))].join("\n");
}

export function page(measured: readonly Measured[], notes: readonly string[]): string {
  const runs = measured.map(
    ({ what, engine, roundTripMs, rounds, machine, commit }) =>
      `- ${what} (${engine}, +${roundTripMs} ms): ${rounds} rounds, commit ${commit.slice(0, 12)}, ${machine}`,
  );
  return `# Switchover, failover and return, beside Patroni

Written by \`npm run bench:failover\`; not edited by hand. All hosts are containers on one machine; p50 and p95 are values
that were measured (nearest rank).

${tables(measured)}

## What was run

${runs.join("\n")}

${notes.map((note) => `- ${note}`).join("\n")}
`;
}
