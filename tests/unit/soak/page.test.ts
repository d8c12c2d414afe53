import { describe, expect, test } from "@jest/globals";
import type { Forced } from "../../soak/failovers.ts";
import { optionsOf } from "../../soak/options.ts";
import { type Kept, withPart } from "../../soak/page.ts";

const kept = <T>(commit: string, findings: T[], cutShort: string | null = null): Kept<T> => ({
  commit,
  seed: 7,
  cutShort,
  findings,
});

const round = { ended: "130", stopSeconds: 1.26, carryOnSeconds: 40, problems: [] };
const shape = { name: "--regions primary", provisionSeconds: 60, rebootSeconds: 9.04, problems: [] };
const visit = { command: "npm run provision", seconds: 600, problems: [] };

describe("the page of a soak", () => {
  test("names each part's own commit, and the seed of the moments; a part that is run again changes its own alone", () => {
    const shapes = withPart(null, "shapes", kept("aaaaaaaaaaaabbbb", [shape]));
    expect(shapes).toContain("## Interrupted runs\n\nNot run yet.\n");
    const visits = withPart(shapes, "newcomer", kept("ccccccccccccdddd", [visit]));
    const rounds = [
      { ...round, moment: { verb: "provision" as const, blow: "interrupt" as const, when: { line: 12 } } },
      {
        ...round,
        moment: { verb: "provision" as const, blow: "hang-up" as const, when: { fraction: 0.374 } },
      },
    ];
    const all = withPart(visits, "interrupts", kept("eeeeeeeeeeeeffff", rounds));
    expect(all).toContain("## Interrupted runs\n\nCommit eeeeeeeeeeee, seed 7: 2 of 2 well.\n");
    expect(all).toContain("## Other shapes of a site\n\nCommit aaaaaaaaaaaa: 1 of 1 well.\n");
    expect(all).toContain("## Other engines\n\nNot run yet.\n");
    expect(all).toContain("## A newcomer\n\nCommit cccccccccccc: 1 of 1 well.\n");
    expect(all).toContain("| provision | interrupt | line 12 | 130 | 1.3 | 40.0 | converged |");
    expect(all).toContain("| provision | hang-up | 37 % of its seconds | 130 | 1.3 | 40.0 | converged |");
    expect(all).toContain("| `--regions primary` | 60.0 | 9.0 | well |");
    expect(all).toContain("| `npm run provision` | 600.0 | well |");
    expect(all).not.toContain("Cut short");
    const again = withPart(all, "shapes", kept("999999999999", [shape]));
    expect(again).toBe(all.replace("Commit aaaaaaaaaaaa:", "Commit 999999999999:"));
  });

  test("says what was cut short and why, in that part alone", () => {
    const shapes = withPart(null, "shapes", kept("a".repeat(40), []));
    const text = withPart(shapes, "newcomer", kept("c".repeat(40), [], "stopped on request\nmore"));
    const [before = "", visits = ""] = text.split("## A newcomer");
    expect(visits).toContain(
      "0 of 0 well.\n\n**Cut short**, so this is not all of it: stopped on request\n\n",
    );
    expect(before).not.toContain("Cut short");
  });

  test("tells each problem in a line of its table, whatever stands in it", () => {
    const problems = ["ended with 1: a | b\nthe rest", "left: x"];
    const text = withPart(
      null,
      "newcomer",
      kept("c".repeat(40), [{ ...visit, command: "what is left", seconds: 1, problems }]),
    );
    expect(text).toContain("| what is left | 1.0 | **failed:** ended with 1: a \\| b; left: x |");
    expect(text).toContain("0 of 1 well.");
  });

  test("of other engines tells seconds and tests", () => {
    const matrix = {
      engine: "postgresql",
      provisionSeconds: 80,
      againSeconds: 4,
      hosts: "140 passed, 0 failed",
      tests: "5 passed, 0 failed",
      problems: [],
    };
    expect(withPart(null, "engines", kept("b".repeat(40), [matrix]))).toContain(
      "| postgresql | 80.0 | 4.0 | 140 passed, 0 failed | 5 passed, 0 failed | well |",
    );
  });

  test("of regions further apart tells p50 and p95, least and most, and how often it was measured", () => {
    const apart = {
      roundTripMs: 20,
      tests: "13 passed, 0 failed",
      cutToLastMs: [1800, 1700, 1900, 1750],
      healedToFirstMs: [500],
      standbyLostToFlowMs: [],
      problems: [],
    };
    expect(withPart(null, "lease", kept("b".repeat(40), [apart]))).toContain(
      "| +20 | 13 passed, 0 failed | 1750 / 1900 (1700-1900, n=4) | 500 / 500 (500-500, n=1) | unknown | well |",
    );
  });
});

describe("what a soak is asked for", () => {
  test("is everything, with a seed of the moment; or one part, with the seed that is given", () => {
    expect(optionsOf([], 5)).toEqual({
      parts: ["shapes", "engines", "lease", "failovers", "newcomer", "interrupts"],
      seed: 5,
    });
    expect(optionsOf(["--only", "newcomer", "--seed=7"], 5)).toEqual({ parts: ["newcomer"], seed: 7 });
  });

  test.each([
    [
      ["--only", "all"],
      '--only takes shapes, engines, lease, failovers, newcomer, interrupts; "all" is none',
      "--only shapes",
    ],
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

  test("tells a failover's figures by durability, and one unknown count as unknown", () => {
    const figure = { durability: "strict", writesMs: 4000, acknowledged: 50, lost: 0, doubled: 0 };
    const figures = [figure, { ...figure, writesMs: 6000 }, { ...figure, durability: "bounded", lost: null }];
    const found: Forced[] = [
      { of: "failovers", engine: "mariadb", tests: "3 passed, 0 failed", figures, problems: [] },
      { of: "moves", engine: "mariadb", tests: "9 passed, 0 failed", problems: [] },
    ];
    const text = withPart(null, "failovers", kept("c".repeat(40), found));
    expect(text).toContain("| mariadb | strict | 4000 / 6000 (4000-6000, n=2) | 100 | 0 | 0 |");
    expect(text).toContain("| mariadb | bounded | 4000 / 4000 (4000-4000, n=1) | 50 | unknown | 0 |");
    expect(text).toContain("| mariadb | 9 passed, 0 failed | well |");
  });
});
