import { describe, expect, test } from "@jest/globals";
import { type Ending, endInJournal, endingText, problemsOfEnding } from "../../soak/judge.ts";

const again = "npx evenkeel provision --yes --site proof";
const stopping = "Stopping: the running step is being finished. Press Ctrl-C again to abort at once.\n";

const ending = (found: Partial<Ending>): Ending => ({
  exitCode: null,
  signal: null,
  timedOut: false,
  output: "",
  isLocked: false,
  ...found,
});

const stopped = ending({
  exitCode: 130,
  output: `Gates ...\n${stopping}Gates: stopped (1.0 s)\nStopped. To go on, run again: ${again}\n`,
});

describe("the end of a run that was interrupted once", () => {
  const problems = (found: Ending) => problemsOfEnding("interrupt", found, again);

  test("is well with 130, the command that goes on, and its lock gone", () => {
    expect(problems(stopped)).toEqual([]);
    expect(problems({ ...stopped, isLocked: true })).toEqual(["its lock is still there"]);
    const other = "npx evenkeel provision --site proof";
    expect(problemsOfEnding("interrupt", stopped, other)).toEqual([
      `it does not say "To go on, run again: ${other}"`,
    ]);
    // Not a part of another command.
    expect(problemsOfEnding("interrupt", stopped, "npx evenkeel provision")).toHaveLength(1);
  });

  test("is well with 0 where its last step was under way, and not where another one began", () => {
    const output = `Health ...\n${stopping}Health: primary is active at epoch 1 (2.0 s)\nFinished all in 50.0 s.\n`;
    expect(problems(ending({ exitCode: 0, output }))).toEqual([]);
    const more = output.replace("Health: primary", "Gates: settled (1.0 s)\nHealth ...\nHealth: primary");
    expect(problems(ending({ exitCode: 0, output: more }))).toEqual([
      "interrupted, it began Health all the same, and ended with 0",
    ]);
    expect(problems(ending({ exitCode: 0, output: "Health ...\n" }))).toEqual([
      "it took no notice of the interrupt, and ended with 0",
    ]);
    // What a step notes meanwhile is no step.
    expect(
      problems(
        ending({ exitCode: 0, output: output.replace("Health: p", "Health: waiting ...\nHealth: p") }),
      ),
    ).toEqual([]);
  });

  test("is not with anything else", () => {
    expect(problems(ending({ exitCode: 4 }))).toEqual(["interrupted, it ended with 4"]);
    expect(problems(ending({ signal: "SIGINT" }))).toEqual(["interrupted, it ended with SIGINT"]);
    expect(problems({ ...stopped, timedOut: true })).toEqual(["it did not end in time"]);
  });
});

test("a run that was interrupted twice must end with 130, and may leave its lock", () => {
  const problems = (found: Partial<Ending>) =>
    problemsOfEnding("interrupt-twice", ending({ isLocked: true, ...found }), again);
  expect(problems({ exitCode: 130 })).toEqual([]);
  expect(problems({ exitCode: 0 })).toEqual(["interrupted twice, it ended with 0"]);
  expect(problems({ signal: "SIGKILL" })).toEqual(["interrupted twice, it ended with SIGKILL"]);
});

test("a run that was killed must have been ended by that, and not by its deadline", () => {
  const problems = (found: Partial<Ending>) =>
    problemsOfEnding("kill", ending({ isLocked: true, ...found }), again);
  expect(problems({ signal: "SIGKILL" })).toEqual([]);
  expect(problems({ exitCode: 0 })).toEqual(["killed, it ended with 0"]);
  expect(problems({ exitCode: 1 })).toEqual(["killed, it ended with 1"]);
  expect(problems({ signal: "SIGKILL", timedOut: true })).toEqual(["it did not end in time"]);
});

describe("a run whose terminal was closed", () => {
  const problems = (found: Partial<Ending>) => problemsOfEnding("hang-up", ending(found), again);

  test("must have ended its journal with 130 or 0, and let its lock go", () => {
    expect(problems({ exitCode: 130 })).toEqual([]);
    expect(problems({ exitCode: 0 })).toEqual([]);
    expect(problems({ exitCode: 4 })).toEqual(["hung up on, its journal's end is 4"]);
    expect(problems({ isLocked: true })).toEqual([
      "hung up on, its journal's end is not known",
      "its lock is still there",
    ]);
  });

  test("its end is the last one that its own process wrote", () => {
    const line = (entry: object) => `${JSON.stringify(entry)}\n`;
    const journal =
      line({ event: "start", pid: 7 }) +
      line({ event: "end", pid: 7, exitCode: 4 }) +
      line({ event: "start", pid: 9 }) +
      line({ event: "end", pid: 9, exitCode: 130 });
    expect(endInJournal(journal, 9)).toBe(130);
    expect(endInJournal(`${journal}{"event":"end","pid":7`, 7)).toBe(4);
    expect(endInJournal(journal, 8)).toBeNull();
    expect(endInJournal("", 9)).toBeNull();
  });
});

test("an end is told as its code, else its signal", () => {
  expect(
    [{ exitCode: 130 }, { signal: "SIGKILL" }, {}, { timedOut: true }].map(ending).map(endingText),
  ).toEqual(["130", "SIGKILL", "not known", "not in time"]);
});
