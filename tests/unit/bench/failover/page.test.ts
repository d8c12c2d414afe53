import { expect, test } from "@jest/globals";
import { page, tables } from "../../../../bench/failover/page.ts";
import { measured } from "./measured.ts";

const patroni = measured({
  what: "Patroni 4.0.7, floor: ttl 20",
  roundTripMs: 80,
  forcedMs: [21_000, null],
  automaticMs: [22_000, 24_000.6],
  back: [{ ms: null, commandMs: null, way: "rewind" }],
  lost: 1,
});

test("a row a run: what, engine, distance, then its figures", () => {
  const text = tables([measured(), patroni]);
  const own = "| Evenkeel, bounded | PostgreSQL 17.6 | +0 |";
  expect(text).toContain(`${own} 2 | 120 | 250 | 1000 | 2 | 1 | 30 |`);
  expect(text).toContain(`${own} 2 | 1500 | 1800 | - | - | - | 900 | 0 |`);
  expect(text).toContain(`${own} 2 | 1 rewind, 1 rejoin | 4000 | 5000 | 3000 | 3500 |`);
  const other = "| Patroni 4.0.7, floor: ttl 20 | PostgreSQL 17.6 | +80 |";
  expect(text).toContain(`${other} 2 | 21000 | not within 180 s | 2 | 22000 | 24001 | 900 | 1 |`);
  expect(text).toContain(`${other} 1 | 1 rewind | not within 180 s | not within 180 s | - | - |`);
});

test("every row of a table has as many cells as its head", () => {
  const blocks = tables([measured(), patroni]).split("\n\n");
  for (const block of blocks.filter((one) => one.startsWith("|"))) {
    const widths = block.split("\n").map((line) => line.split("|").length);
    expect(new Set(widths).size).toBe(1);
  }
});

test("a loss that nobody could count is told as unknown, never as none", () => {
  expect(tables([measured({ lost: null })])).toContain("| 900 | unknown |");
});

test("no write at all is no rate of failures, and no return is no figure", () => {
  const text = tables([measured({ planned: [{ stallMs: 5, asked: 0, refused: 0, failed: 0 }], back: [] })]);
  expect(text).toContain("| 1 | 5 | 5 | 0 | 0 | 0 | - |");
  expect(text).toContain("| +0 | 0 |  | - | - | - | - |");
});

test("the page says of each run its rounds, distance, commit and machine, and how it was measured", () => {
  const text = page([measured(), patroni], ["A note."]);
  expect(text).toContain(
    "- Evenkeel, bounded (PostgreSQL 17.6, +0 ms): 2 rounds, commit 0123456789ab, 2 cores, 24 GiB of memory",
  );
  expect(text).toContain("(PostgreSQL 17.6, +80 ms): 2 rounds");
  expect(text).toContain("- A note.");
});
