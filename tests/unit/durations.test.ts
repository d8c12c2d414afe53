import { describe, expect, test } from "@jest/globals";
import { readDuration } from "../../automation/durations.ts";

describe("a duration", () => {
  const bounds = { least: "1s", most: "7d" };

  test("is a number with its unit, in milliseconds", () => {
    const given = ["500ms", "5s", "0s", "1.5h", "90s", "30m", "2h", "7d", "400d"];
    expect(given.map((text) => readDuration("--max-lag", text))).toEqual([
      ...[500, 5000, 0, 5_400_000, 90_000, 1_800_000, 7_200_000, 604_800_000, 34_560_000_000],
    ]);
  });

  test.each(["", "30", "m", "-5m", "1h30m", "30 m", "5M", "1e3s", ".5s", "1.s", `${"9".repeat(400)}s`])(
    "'%s' is none (2), and the flag is named",
    (given) => {
      const read = () => readDuration("--max-lag", given);
      expect(read).toThrow(expect.objectContaining({ exitCode: 2 }));
      expect(read).toThrow(`--max-lag takes a duration such as 5s, 30m or 2h, got "${given}"`);
      expect(() => readDuration("--for", given, bounds)).toThrow(`at most 7d, got "${given}"`);
    },
  );

  test.each(["0s", "999ms", "0.9s", "8d", "604801s"])("'%s' is beyond the bounds of a flag (2)", (given) => {
    const read = () => readDuration("--for", given, bounds);
    expect(read).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(read).toThrow(
      `--for takes a duration such as 5s, 30m or 2h, at least 1s and at most 7d, got "${given}"`,
    );
  });

  test("at a bound of its flag is taken", () => {
    expect(["1s", "90s", "1.5h", "7d"].map((given) => readDuration("--for", given, bounds))).toEqual([
      ...[1000, 90_000, 5_400_000, 604_800_000],
    ]);
  });
});
