import { describe, expect, test } from "@jest/globals";
import { coveragePage, rowsOf } from "../coverage.ts";
import { finishedRows } from "../finished.ts";

const run = (cases: { title: string; passed: boolean; again?: true }[]) => ({
  commit: "0123456789abcdef",
  seconds: 10,
  cases: cases.map((one) => ({ kind: "lab", file: "f", milliseconds: 1, ...one })),
});

describe("the coverage page", () => {
  test("reads every row of a title and nothing else in brackets", () => {
    expect(rowsOf("[O16] [O17] read back [x] [Z1] [O999]")).toEqual(["O16", "O17"]);
  });

  const page = (finished: string[]) =>
    coveragePage(
      run([
        { title: "[O7] a", passed: true },
        { title: "[O8] b", passed: true },
        { title: "[O8] c", passed: false },
      ]),
      finished,
    );

  test("a row counts only when each test that names it passed", () => {
    expect(page(["O7", "O8"])).toContain("| O7 | proved | a |");
    expect(page(["O7", "O8"])).toContain("| O8 | not proved | b<br>**failed:** c |");
    expect(page(["O7", "O8"])).not.toContain("O9");
  });

  test("a test that passed only at its second attempt counts, and is marked", () => {
    const told = coveragePage(run([{ title: "[O7] a", passed: true, again: true }]), ["O7"]);
    expect(told).toContain("| O7 | proved | *at a second attempt:* a |");
    expect(told).toContain("1 passed (1 of them at a second attempt), 0 failed");
  });

  test("a row that is not declared finished is proved partly, whatever passed", () => {
    expect(page([])).toContain("| O7 | partly | a |");
    expect(page([])).toContain("| O8 | not proved |");
  });

  test("a row that is declared finished and has no test is not proved", () => {
    expect(page(["O9"])).toContain("| O9 | not proved | no test |");
  });

  test("the rows that are declared finished are rows, each once", () => {
    expect(rowsOf(finishedRows.map((row) => `[${row}]`).join(" "))).toEqual(finishedRows);
    expect(new Set(finishedRows).size).toBe(finishedRows.length);
  });
});
