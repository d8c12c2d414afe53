import { describe, expect, test } from "@jest/globals";
import { optionsOf } from "../../soak/options.ts";
import { type Kept, page, type SoakResults } from "../../soak/page.ts";

const kept = <T>(commit: string, findings: T[], cutShort: string | null = null): Kept<T> => ({
  commit,
  seed: 7,
  cutShort,
  findings,
});

const nothing: SoakResults = { shapes: null, newcomer: null, interrupts: null };
const round = { ended: "130", stopSeconds: 1.26, carryOnSeconds: 40, problems: [] };

describe("the page of a soak", () => {
  test("names each part's own commit, and the seed of the moments", () => {
    const text = page({
      shapes: kept("aaaaaaaaaaaabbbb", [
        { name: "--regions primary", provisionSeconds: 60, rebootSeconds: 9.04, problems: [] },
      ]),
      newcomer: kept("ccccccccccccdddd", [{ command: "npm run provision", seconds: 600, problems: [] }]),
      interrupts: kept("eeeeeeeeeeeeffff", [
        { ...round, moment: { verb: "provision", blow: "interrupt", when: { line: 12 } } },
        { ...round, moment: { verb: "provision", blow: "hang-up", when: { fraction: 0.374 } } },
      ]),
    });
    expect(text).toContain("## Interrupted runs\n\nCommit eeeeeeeeeeee, seed 7: 2 of 2 well.\n");
    expect(text).toContain("## Other shapes of a site\n\nCommit aaaaaaaaaaaa: 1 of 1 well.\n");
    expect(text).toContain("## A newcomer\n\nCommit cccccccccccc: 1 of 1 well.\n");
    expect(text).toContain("| provision | interrupt | line 12 | 130 | 1.3 | 40.0 | converged |");
    expect(text).toContain("| provision | hang-up | 37 % of its seconds | 130 | 1.3 | 40.0 | converged |");
    expect(text).toContain("| `--regions primary` | 60.0 | 9.0 | well |");
    expect(text).toContain("| `npm run provision` | 600.0 | well |");
    expect(text).not.toContain("Cut short");
  });

  test("says what was not run, and what was cut short and why, in that part alone", () => {
    const text = page({
      ...nothing,
      newcomer: kept("c".repeat(40), [], "stopped on request\nmore"),
      shapes: kept("a".repeat(40), []),
    });
    expect(text).toContain("## Interrupted runs\n\nNot run yet in this clone.\n");
    const [shapes = "", visits = ""] = text.slice(text.indexOf("## Other shapes")).split("## A newcomer");
    expect(visits).toContain(
      "0 of 0 well.\n\n**Cut short**, so this is not all of it: stopped on request\n\n",
    );
    expect(shapes).not.toContain("Cut short");
  });

  test("tells each problem in a line of its table, whatever stands in it", () => {
    const problems = ["ended with 1: a | b\nthe rest", "left: x"];
    const text = page({
      ...nothing,
      newcomer: kept("c".repeat(40), [{ command: "what is left", seconds: 1, problems }]),
    });
    expect(text).toContain("| what is left | 1.0 | **failed:** ended with 1: a \\| b; left: x |");
    expect(text).toContain("0 of 1 well.");
  });
});

describe("what a soak is asked for", () => {
  test("is everything, with a seed of the moment; or one part, with the seed that is given", () => {
    expect(optionsOf([], 5)).toEqual({ parts: ["shapes", "newcomer", "interrupts"], seed: 5 });
    expect(optionsOf(["--only", "newcomer", "--seed=7"], 5)).toEqual({ parts: ["newcomer"], seed: 7 });
  });

  test.each([
    [["--only", "all"], '--only takes shapes, newcomer, interrupts; "all" is none', "--only shapes"],
    [["--only"], "--only", "--only"],
    [["--seed", "x"], '--seed takes a whole number, not "x"', "--seed 7"],
    [["--seed", "-1"], "--seed", "--seed"],
    [["--sed", "1"], "--sed", "--seed"],
    [["newcomer"], "newcomer", "--only"],
  ])("%j is a usage error that names the flag and a command that works", (argv, what, next) => {
    const wrong = () => optionsOf(argv, 5);
    expect(wrong).toThrow(
      expect.objectContaining({
        exitCode: 2,
        what: expect.stringContaining(what),
        next: expect.stringMatching(`^npm run soak -- .*${next}`),
      }),
    );
  });
});
