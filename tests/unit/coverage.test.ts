import { describe, expect, test } from "@jest/globals";
import { coveragePage, rowsOf } from "../coverage.ts";

const run = (cases: { title: string; passed: boolean }[]) => ({
  commit: "0123456789abcdef",
  seconds: 10,
  cases: cases.map((one) => ({ kind: "lab", file: "f", milliseconds: 1, ...one })),
});

describe("the coverage page", () => {
  test("reads every row of a title and nothing else in brackets", () => {
    expect(rowsOf("[O16] [O17] read back [x] [Z1] [O999]")).toEqual(["O16", "O17"]);
  });

  test("a row counts only when each test that names it passed", () => {
    const page = coveragePage(
      run([
        { title: "[O7] a", passed: true },
        { title: "[O8] b", passed: true },
        { title: "[O8] c", passed: false },
      ]),
    );
    expect(page).toContain("| O7 | proved | a |");
    expect(page).toContain("| O8 | not proved | b<br>**failed:** c |");
    expect(page).not.toContain("O9");
  });
});
