import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { notesOf } from "../../../../bench/rollout/notes.ts";
import { checkWay } from "../../../../bench/rollout/ours.ts";
import { readRecap } from "../../../../bench/rollout/recap.ts";
import {
  figures,
  type Measured,
  median,
  page,
  percentile,
  spreadText,
  work,
} from "../../../../bench/rollout/table.ts";

const root = join(import.meta.dirname, "../../../..");
/** Runs on two cores, of which one and a half were busy. */
const runs = (...seconds: number[]) => seconds.map((one) => ({ seconds: one, coreSeconds: one * 1.5 }));
const measured = [{ what: "nothing to do", aimRatio: 2, evenkeel: runs(4, 2, 3), ansible: runs(9, 6, 7.5) }];

describe("a percentile", () => {
  test.each([
    [50, 3],
    [95, 5],
    [1, 1],
    [100, 5],
  ])("the %i. of five values is the value of that rank", (percent, value) => {
    expect(percentile([5, 1, 4, 2, 3], percent)).toBe(value);
  });

  test("of nothing is none", () => {
    expect(() => percentile([], 50)).toThrow("no value was measured");
  });
});

describe("the figures", () => {
  test("the median is the middle one, or the mean of the two middle ones", () => {
    expect(median([5, 1, 3])).toBe(3);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(() => median([])).toThrow("nothing");
  });

  test("a single run is told as one, not as a spread", () => {
    expect(spreadText([4, 2, 3])).toBe("3.0 s (2.0-4.0)");
    expect(spreadText([2])).toBe("2.0 s (1 run)");
  });

  test("the ratio is Ansible's median divided by ours", () => {
    expect(figures(measured)[1]).toEqual([
      "nothing to do",
      "3.0 s (2.0-4.0)",
      "7.5 s (6.0-9.0)",
      "2.50",
      "≥ 2",
    ]);
  });

  test("the work is the middle run's core seconds, and how busy that kept the cores", () => {
    const half = { seconds: 10, coreSeconds: 10 };
    expect(work([{ what: "w", aimRatio: 1, evenkeel: runs(40, 20, 30), ansible: [half] }], 2)[1]).toEqual([
      "w",
      "45 (75 %)",
      "10 (50 %)",
    ]);
  });

  const pageOf = (rows: readonly Measured[]) =>
    page({
      commit: "0123456789abcdef",
      machine: { cores: 2, memoryGib: 23.6 },
      ansibleVersion: "2.14.18",
      measured: rows,
      size: "4 hosts",
      notes: notesOf({ cold: 1, again: 3 }),
    });

  test("the page tells commit, machine, versions, every run and what was run", () => {
    const text = pageOf(measured);
    expect(text).toContain("Written by `npm run bench:rollout`; not edited by hand.");
    expect(text).toContain("Commit 0123456789ab, ansible-core 2.14.18, 2 cores, 24 GiB of memory.");
    expect(text).toContain("| nothing to do | 3.0 s (2.0-4.0) | 7.5 s (6.0-9.0) | 2.50 | ≥ 2 |");
    expect(text).toContain("| nothing to do | 5 (75 %) | 11 (75 %) |");
    expect(text).toContain("- nothing to do, ansible: 9.0, 6.0, 7.5 s");
    expect(text).toContain(
      "Ours: `evenkeel provision --yes`, once from nothing and 3 times on the site that is there, each of these " +
        "followed by one with `--full`.",
    );
    expect(text).toContain("strategy free, once from nothing and 3 times on the site that is there. Its");
    expect(text).not.toContain("one way only");
  });

  test("an aim that was missed is told with what stands in the way, a reached one is not", () => {
    expect(pageOf(measured)).not.toContain("was missed");
    const [one] = measured;
    const missed = { ...(one as Measured), aimRatio: 3 };
    expect(pageOf([missed])).toContain(
      'The aim of "nothing to do" was missed: if the cores never waited, ours would take 2.3 s, a ratio of 3.33; what it ' +
        "waits for keeps it from that.",
    );
    const busy = [{ seconds: 1.5, coreSeconds: 2.925 }];
    expect(pageOf([{ ...missed, evenkeel: busy, aimRatio: 9 }])).toContain(
      "a ratio of 5.13; only less work or more cores reach it.",
    );
  });

  test("runs of Ansible that stand beside two rows are told as one row's, and listed once", () => {
    const full = { ...measured[0], what: "with --full", evenkeel: runs(15), ansibleOf: "nothing to do" };
    const text = pageOf([...measured, full as Measured]);
    expect(text).toContain("| with --full | 15.0 s (1 run) | 7.5 s (6.0-9.0) | 0.50 | ≥ 2 |");
    expect(text).toContain('its figures beside "with --full" are those of "nothing to do".');
    expect(text.split("\n").filter((line) => line.startsWith("- ") && line.endsWith(" s"))).toEqual([
      "- nothing to do, evenkeel: 4.0, 2.0, 3.0 s",
      "- nothing to do, ansible: 9.0, 6.0, 7.5 s",
      "- with --full, evenkeel: 15.0 s",
    ]);
  });
});

describe("a run of ours with nothing to do", () => {
  const told = "Pulumi has nothing to do: program, settings and stacks are as the last rollout left them.\n";

  test("is taken for what it is: without Pulumi, or with --full with it", () => {
    expect(() => checkWay(told, { full: false })).not.toThrow();
    expect(() => checkWay("Region primary ...\n", { full: true })).not.toThrow();
    expect(() => checkWay("Region primary ...\n", { full: false })).toThrow("ran Pulumi all the same");
    expect(() => checkWay(told, { full: true })).toThrow("left Pulumi out");
  });

  test("says so in the words that are looked for", () => {
    const source = readFileSync(join(root, "automation/rollout/provision.ts"), "utf8");
    expect(source).toContain(`say("${told.trim()}")`);
  });
});

describe("what a run of Ansible said of itself", () => {
  const recap = (changed: number) =>
    "TASK [x]\nweb : ok=1 changed=9 unreachable=0 failed=0\n\nPLAY RECAP *****\n" +
    `web-1      : ok=10   changed=${changed}    unreachable=0    failed=0    skipped=2    rescued=0    ignored=0\n` +
    "database   : ok=7    changed=1    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0\n";

  test("is the sum over its hosts, from the recap alone", () => {
    expect(readRecap(recap(3))).toEqual({ hosts: 2, changed: 4, unreachable: 0, failed: 0 });
  });

  test("is refused where the run did not come to its end", () => {
    expect(() => readRecap("TASK [x]\n")).toThrow("no recap");
  });
});
