import { describe, expect, test } from "@jest/globals";
import { askedIn, keyOf, plannedOf, spread } from "../../../../bench/failover/figures.ts";
import { measured } from "./measured.ts";

describe("the middle and the 95th of a hundred", () => {
  const twenty = Array.from({ length: 20 }, (_, i) => (20 - i) * 10);

  test("are values that were measured, whatever their order", () => {
    expect(spread(twenty)).toEqual({ p50: 100, p95: 190 });
    expect(spread([7])).toEqual({ p50: 7, p95: 7 });
  });

  test("count a write that never came as longer than all others", () => {
    expect(spread([null, ...twenty.slice(1)])).toEqual({ p50: 100, p95: 190 });
    expect(spread([null, null, ...twenty.slice(2)])).toEqual({ p50: 100, p95: null });
    expect(spread([null])).toEqual({ p50: null, p95: null });
  });

  test("are none of nothing", () => {
    expect(() => spread([])).toThrow("no value was measured");
  });
});

test("what was asked in a span is what was answered in it, its end counted and its beginning not", () => {
  const attempts = [10, 20, 30, 31].map((answeredMs) => ({ answeredMs }));
  expect(askedIn(attempts, 10, 30)).toBe(2);
});

test("a planned move keeps a stall that never ended as none", () => {
  const outage = { name: "switchover", planned: true, readsMs: null, writesGap: null, refused: 3, failed: 4 };
  expect(plannedOf({ ...outage, writesMs: null }, 50)).toEqual({
    ...{ stallMs: null, asked: 50, refused: 3, failed: 4 },
  });
  expect(plannedOf({ ...outage, writesMs: 120 }, 50).stallMs).toBe(120);
});

test("runs are told apart by setting, engine and distance, and a file can be called so", () => {
  const one = measured();
  const keys = [
    one,
    { ...one, roundTripMs: 20 },
    { ...one, engine: "MariaDB 11.8.3" },
    { ...one, what: "Evenkeel, strict" },
  ].map(keyOf);
  expect(new Set(keys).size).toBe(4);
  for (const key of keys) expect(key).toMatch(/^[a-z0-9.-]+$/);
  expect(keyOf({ ...one, rounds: 99, commit: "other" })).toBe(keyOf(one));
});
