import type { LostRow, LostTail } from "../remote/tail.ts";

/**
 * The loss report of a forced failover: what the old writer held and the new one lacks, and what that means to people.
 * Pure: made of the tail that the old host tells.
 */
export interface LossReport {
  apiVersion: "evenkeel/v1";
  kind: "loss";
  /** The writer that lacks it, and its epoch. */
  region: string;
  epoch: number;
  range: LostTail["range"];
  /** null: not known, since the log can't be read. */
  transactions: number | null;
  /** Rows that are told are all there are. */
  complete: boolean;
  /** Why not all is told, or not in full. */
  why: string | null;
  totals: { meaning: string; count: number }[];
  lost: LostTransaction[];
}

export interface LostTransaction {
  tx: string;
  at: string | null;
  rows: { meaning: string; kind: string; op: LostRow["op"]; table: string | null; key: LostRow["key"] }[];
}

export function lossReport(tail: LostTail): LossReport {
  const lost = grouped(tail.rows);
  const kinds = lost.flatMap(({ rows }) => rows.map(({ kind }) => kind));
  const totals = [...new Set(kinds)].map((kind) => ({
    meaning: kind,
    count: kinds.filter((one) => one === kind).length,
  }));
  return {
    apiVersion: "evenkeel/v1",
    kind: "loss",
    region: tail.region,
    epoch: tail.epoch,
    range: tail.range,
    transactions: tail.transactions,
    complete: tail.decoded && !tail.truncated,
    why: tail.why ?? (tail.truncated ? "there are more rows than are told" : null),
    totals: totals.sort((one, other) => other.count - one.count),
    lost,
  };
}

/** Rows of one transaction stand together in a tail. */
function grouped(rows: readonly LostRow[]): LostTransaction[] {
  const lost: LostTransaction[] = [];
  for (const row of rows) {
    if (lost.at(-1)?.tx !== row.tx) lost.push({ tx: row.tx, at: row.at, rows: [] });
    const { op, table, key } = row;
    lost.at(-1)?.rows.push({ ...meaningOf(row), op, table, key });
  }
  return lost;
}

const done = { insert: "added", update: "changed", delete: "deleted", statement: "", account: "" } as const;

/** Of one row: what it is (`kind`, by which rows are counted) and in a few words which one. */
function meaningOf(row: LostRow): { kind: string; meaning: string } {
  const { op } = row;
  if (op === "account") return { kind: "changes of accounts", meaning: "an account was changed" };
  if (op === "statement")
    return { kind: "changed definitions", meaning: row.text ?? "a definition was changed" };
  const table = row.table?.split(".").at(-1) ?? "";
  const known = Object.entries(meanings).find(([name]) => table === name || table.endsWith(`_${name}`));
  const values = row.after ?? row.before ?? row.key;
  if (known !== undefined) {
    const { kind, which } = known[1](values);
    return { kind: `${kind} ${done[op]}`, meaning: `${which} ${done[op]}` };
  }
  const key = Object.values(row.key).join(", ");
  return { kind: `rows of ${row.table} ${done[op]}`, meaning: `${row.table}${key && ` ${key}`} ${done[op]}` };
}

type Values = LostRow["key"];
const word = (values: Values, ...names: string[]) =>
  names.map((name) => values[name]).find((value) => value !== null && value !== undefined && value !== "") ??
  "?";

/** By a table's name, behind any prefix: the order ledger's and WordPress's own. */
const meanings: Readonly<Record<string, (values: Values) => { kind: string; which: string }>> = {
  evenkeel_orders: (row) => ({ kind: "orders", which: `order ${word(row, "id")} for ${word(row, "item")}` }),
  evenkeel_stock: (row) => ({
    kind: "stock",
    which: `stock of ${word(row, "item")}, ${word(row, "units")} left,`,
  }),
  posts: (row) => {
    const type = word(row, "post_type");
    return {
      kind: `posts (${type})`,
      which: `${type} ${word(row, "ID", "id")} "${word(row, "post_title")}"`,
    };
  },
  comments: (row) => ({
    kind: "comments",
    which: `comment ${word(row, "comment_ID", "comment_id")} by ${word(row, "comment_author")}`,
  }),
  users: (row) => ({ kind: "users", which: `user ${word(row, "user_login", "ID", "id")}` }),
  options: (row) => ({ kind: "options", which: `option ${word(row, "option_name", "option_id")}` }),
};

/** Lines for people. Values beyond names and keys are not among them: they may be private. */
export function lossTable(report: LossReport): string[] {
  if (report.range === null) return [`Nothing is lost: ${report.region} holds all there was.`];
  const count = report.transactions === null ? "an unknown number of" : String(report.transactions);
  return [
    `${report.region} (epoch ${report.epoch}) lacks ${count} transactions: ${rangeText(report.range)}`,
    ...report.totals.map(({ meaning, count: rows }) => `  ${String(rows).padStart(6)}  ${meaning}`),
    ...report.lost.flatMap(({ tx, at, rows }) =>
      rows.map(({ meaning }) => `  ${at ?? "at an unknown time"}  ${tx}  ${meaning}`),
    ),
    ...(report.complete ? [] : [`Not all of it is told: ${report.why ?? "the log can't be read"}`]),
  ];
}

function rangeText(range: NonNullable<LostTail["range"]>): string {
  if ("gtids" in range) return range.gtids.join(", ");
  const pieces = range.timelines.map(
    ({ timeline, from, to }) => `timeline ${timeline} from ${from} to ${to}`,
  );
  return `${pieces.join(", ")} (${range.bytes} bytes)`;
}
