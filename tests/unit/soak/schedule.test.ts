import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { randomFrom, schedule, spread, spreadFractions, whenText } from "../../soak/schedule.ts";

describe("the moments of a soak", () => {
  test("one falls into each equal part of the run, never before its first line or after its last", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 12, max: 200 }),
        (seed, count, lines) => {
          const moments = spread(count, lines, randomFrom(seed));
          const lastOf = (part: number) => Math.floor((part * lines) / count);
          const inItsPart = moments.map((line, i) => line > lastOf(i) && line <= lastOf(i + 1));
          expect(inItsPart).toEqual(moments.map(() => true));
          expect(Math.min(...moments)).toBeGreaterThanOrEqual(1);
          expect(Math.max(...moments)).toBeLessThanOrEqual(lines);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("a seed gives the same moments again, another one others", () => {
    const plan = (seed: number) =>
      schedule(seed, { provision: 90, destroy: 40 }, { provision: 8, destroy: 4 });
    expect(plan(7)).toEqual(plan(7));
    expect(plan(7)).not.toEqual(plan(8));
    expect(plan(7).filter(({ blow }) => blow === "kill")).toHaveLength(12);
  });

  test("a hang-up comes at a fraction of the run's seconds, all else after a line of its progress", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const plan = schedule(seed, { provision: 90, destroy: 40 }, { provision: 8, destroy: 4 });
        const timed = plan.filter(({ when }) => "fraction" in when);
        expect(timed.map(({ verb, blow }) => ({ verb, blow }))).toEqual([
          { verb: "provision", blow: "hang-up" },
        ]);
        expect(plan.filter(({ blow }) => blow === "hang-up")).toEqual(timed);
      }),
      { numRuns: 50 },
    );
  });

  test("fractions are one in each equal part, neither at the very start of a run nor at its end", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 12 }), (seed, count) => {
        const fractions = spreadFractions(count, randomFrom(seed));
        const parts = fractions.map((fraction) => Math.floor(((fraction - 0.05) / 0.85) * count));
        expect(parts).toEqual(fractions.map((_, i) => i));
        expect(fractions).toEqual(spreadFractions(count, randomFrom(seed)));
      }),
      { numRuns: 100 },
    );
    expect(spreadFractions(1, randomFrom(1))).not.toEqual(spreadFractions(1, randomFrom(2)));
  });

  test("a moment is told as its line or its fraction", () => {
    expect([{ line: 3 }, { fraction: 0.374 }].map(whenText)).toEqual(["line 3", "37 % of its seconds"]);
  });

  test("destroys come between provisions, and every moment comes", () => {
    const verbs = schedule(7, { provision: 90, destroy: 40 }, { provision: 8, destroy: 4 }).map(
      ({ verb }) => verb,
    );
    expect(verbs.slice(0, 4)).toEqual(["provision", "destroy", "provision", "destroy"]);
    expect(verbs.filter((verb) => verb === "destroy")).toHaveLength(5);
    expect(verbs).toHaveLength(16);
  });

  test("more moments than lines are refused", () => {
    expect(() => spread(3, 2, randomFrom(1))).toThrow("don't fit");
  });
});
