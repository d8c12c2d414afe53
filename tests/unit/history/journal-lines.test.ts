import { describe, expect, test } from "@jest/globals";
import { parseJournal } from "../../../automation/history/journal-lines.ts";

const line = (run: string, change: object = {}) =>
  JSON.stringify({
    ...{ at: "2026-01-01T00:00:00.000Z", run, pid: 7, event: "start", command: "provision" },
    ...change,
  });
const runs = (text: string) => parseJournal(text).lines.map(({ run }) => run);

describe("a journal", () => {
  test("is read line by line; an empty one has none, and nothing is wrong with either", () => {
    const text = `${line("a")}\n${line("b", { event: "step", detail: "x", state: "begun", seconds: 3 })}\n`;
    expect(parseJournal(text)).toMatchObject({
      lines: [{ run: "a" }, { detail: "x", state: "begun", seconds: 3 }],
      problems: [],
    });
    expect(parseJournal("")).toEqual({ lines: [], problems: [] });
  });

  test("whose last line is cut short anywhere is read without it, and that is told", () => {
    const whole = line("b");
    for (const length of [1, 8, whole.length - 1]) {
      const { lines, problems } = parseJournal(`${line("a")}\n${whole.slice(0, length)}`);
      expect(lines.map(({ run }) => run)).toEqual(["a"]);
      expect(problems).toEqual([expect.stringMatching(/^line 2 of the journal is cut short/)]);
    }
    expect(parseJournal(`${line("a")}\n${whole}`)).toMatchObject({ lines: [{}, {}], problems: [] });
  });

  test("keeps a line that was written behind one that was cut short", () => {
    const text = `${line("a").slice(0, 30)}${line("b")}\n${line("c")}\n`;
    expect(runs(text)).toEqual(["b", "c"]);
    expect(parseJournal(text).problems).toEqual(["line 1 of the journal can't be read"]);
  });

  test("tells what is no line of its own, and reads the others", () => {
    const strange = ["no JSON", "null", line("x", { event: "jump" }), line("x", { at: "noon" })];
    const { lines, problems } = parseJournal([...strange, line("a"), ""].join("\n"));
    expect(lines.map(({ run }) => run)).toEqual(["a"]);
    expect(problems).toHaveLength(strange.length);
  });
});
