import { describe, expect, test } from "@jest/globals";
import { lossReport, lossTable } from "../../../automation/failover/loss.ts";
import { databaseCommand } from "../../../automation/remote/database.ts";
import { type LostRow, type LostTail, parseReplayed, parseTail } from "../../../automation/remote/tail.ts";

const row = (tx: string, table: string, op: LostRow["op"], values: LostRow["key"], key = {}): LostRow => ({
  ...{ tx, at: "2026-11-23T14:32:21Z", table: `wordpress_db.${table}`, op, key },
  before: op === "insert" ? null : values,
  after: op === "delete" ? null : values,
});

const rows: LostRow[] = [
  row("0-1-7", "evenkeel_stock", "update", { item: "mug", units: "9" }, { item: "mug" }),
  row("0-1-7", "evenkeel_orders", "insert", { id: "o1", item: "mug" }, { id: "o1" }),
  row("0-1-8", "shop_posts", "update", { ID: "4", post_title: "Tea", post_type: "page" }, { ID: "4" }),
  row("0-1-9", "wp_2_comments", "delete", { comment_ID: "5", comment_author: "Ann" }, { comment_ID: "5" }),
  row("0-1-9", "wp_users", "insert", { ID: "3", user_login: "ann", user_pass: "$P$hash" }, { ID: "3" }),
  row("0-1-9", "wp_options", "update", { option_id: "1", option_name: "blogname" }, { option_id: "1" }),
  row("0-1-9", "wp_termmeta", "insert", { meta_id: "8" }, { meta_id: "8" }),
  {
    ...row("0-1-10", "", "statement", {}),
    table: "wordpress_db",
    before: null,
    after: null,
    text: "CREATE TABLE x (i INT)",
  },
  { ...row("0-1-11", "", "account", {}), table: null, before: null, after: null },
];

const tail: LostTail = {
  ...{ epoch: 2, region: "secondary", range: { gtids: ["0-1-7..0-1-11"] }, id: "0123456789abcdef" },
  ...{ transactions: 5, internal: 3, rows, truncated: false, decoded: true, why: null, saved: null },
};

describe("the loss report", () => {
  test("says of each transaction what it means to people, whatever the prefix of the tables", () => {
    const { lost, complete, apiVersion } = lossReport(tail);
    expect({ apiVersion, complete }).toEqual({ apiVersion: "evenkeel/v1", complete: true });
    expect(lost.map(({ tx, rows: own }) => [tx, own.map(({ meaning }) => meaning)])).toEqual([
      ["0-1-7", ["stock of mug, 9 left, changed", "order o1 for mug added"]],
      ["0-1-8", ['page 4 "Tea" changed']],
      [
        "0-1-9",
        [
          "comment 5 by Ann deleted",
          "user ann added",
          "option blogname changed",
          "wordpress_db.wp_termmeta 8 added",
        ],
      ],
      ["0-1-10", ["CREATE TABLE x (i INT)"]],
      ["0-1-11", ["an account was changed"]],
    ]);
  });

  test("counts rows by their meaning, the most first", () => {
    const orders = ["a", "b"].map((id) => row(id, "evenkeel_orders", "insert", { id, item: "mug" }, { id }));
    const { totals } = lossReport({ ...tail, rows: [...rows, ...orders] });
    expect(totals[0]).toEqual({ meaning: "orders added", count: 3 });
    expect(totals).toContainEqual({ meaning: "posts (page) changed", count: 1 });
    expect(totals).toContainEqual({ meaning: "rows of wordpress_db.wp_termmeta added", count: 1 });
  });

  test("its table has range, totals and rows, and no value beyond names and keys", () => {
    const lines = lossTable(lossReport(tail)).join("\n");
    expect(lines).toContain("secondary (epoch 2) lacks 5 transactions: 0-1-7..0-1-11");
    expect(lines).toContain("2026-11-23T14:32:21Z  0-1-7  order o1 for mug added");
    expect(lines).not.toContain("$P$hash");
    expect(lines).not.toContain("Not all of it");
  });

  test("what is not known is told as unknown: a log that is gone, rows beyond the bound", () => {
    const why = "the binary log does not go back";
    const unread = { ...tail, transactions: null, internal: null, rows: [], decoded: false, why };
    expect(lossTable(lossReport(unread))).toEqual([
      "secondary (epoch 2) lacks an unknown number of transactions: 0-1-7..0-1-11",
      `Not all of it is told: ${why}`,
    ]);
    expect(lossReport({ ...tail, truncated: true })).toMatchObject({ complete: false });
  });

  test("nothing lost is said so; PostgreSQL's range is told by timeline", () => {
    const none = { ...tail, range: null, transactions: 0, rows: [] };
    expect(lossTable(lossReport(none))).toEqual(["Nothing is lost: secondary holds all there was."]);
    const range = { timelines: [{ timeline: 2, from: "0/10", to: "0/20" }], bytes: 16 };
    expect(lossTable(lossReport({ ...tail, range }))[0]).toContain("timeline 2 from 0/10 to 0/20 (16 bytes)");
  });
});

describe("the commands of a return", () => {
  const program = ["sudo", "-n", "/usr/local/sbin/evenkeel-db"];

  test("each has its deadline, and rows travel by standard input", () => {
    expect(databaseCommand.tail({ of: "secondary", save: true, deadlineSeconds: 9 }).argv).toEqual([
      ...program,
      ...["tail", "--of", "secondary", "--save", "--deadline", "9"],
    ]);
    expect(databaseCommand.tail().argv).toEqual([...program, "tail", "--deadline", "300"]);
    expect(databaseCommand.rewind().argv).toEqual([...program, "rewind", "--deadline", "600"]);
    expect(databaseCommand.reseed().argv).toEqual([...program, "reseed", "--deadline", "1800"]);
    const { argv, stdin } = databaseCommand.replay({ rows, dryRun: true });
    expect(argv).toEqual([...program, "replay", "--dry-run", "--deadline", "300"]);
    expect(JSON.parse(stdin)).toEqual({ rows });
  });

  test("their answers are read whole, and one that is another document is refused", () => {
    expect(parseTail(JSON.stringify(tail))).toEqual(tail);
    expect(() => parseTail(JSON.stringify({ ...tail, rows: [{ tx: 1 }] }))).toThrow();
    const conflicts = [{ tx: "1", table: null, key: {}, why: "gone" }];
    const replayed = { applied: 1, already: 0, conflicts };
    expect(parseReplayed(JSON.stringify(replayed))).toEqual(replayed);
    expect(() => parseReplayed(JSON.stringify({ ...replayed, applied: "1" }))).toThrow();
  });
});
