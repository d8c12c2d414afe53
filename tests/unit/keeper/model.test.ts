import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { play, schedules } from "../../model/schedules.ts";
import { playScript, scripts } from "../../model/scripts.ts";

/** `npm run model` has thousands, and takes each rule out in turn. */
const numRuns = 12;

describe.each([
  ["clocks that drift", false],
  ["clocks that can't be trusted", true],
])("the keeper's decisions, with %s", (_, brokenClocks) => {
  test.each(scripts)("lose nothing: $name", (script) => {
    expect(playScript(script, { brokenClocks })).toEqual([]);
  });

  test.each(["bounded", "strict"] as const)("lose nothing in random schedules, %s", (durability) => {
    const regions = ["primary", "secondary", "tertiary"];
    for (const count of [2, 3]) {
      const options = { regions: regions.slice(0, count), durability, brokenClocks };
      fc.assert(
        fc.property(schedules(options.regions), (one) => {
          expect(play(one, options).violations).toEqual([]);
        }),
        { numRuns },
      );
    }
  });
});
