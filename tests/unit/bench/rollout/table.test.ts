import { describe, expect, test } from "@jest/globals";
import { notesOf } from "../../../../bench/rollout/notes.ts";
import { readRecap } from "../../../../bench/rollout/recap.ts";
import { figures, median, page, spreadText } from "../../../../bench/rollout/table.ts";

const measured = [{ what: "nothing to do", evenkeelSeconds: [4, 2, 3], ansibleSeconds: [9, 6, 7.5] }];

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
    expect(figures(measured)[1]).toEqual(["nothing to do", "3.0 s (2.0-4.0)", "7.5 s (6.0-9.0)", "2.50"]);
  });

  test("the page tells commit, machine, versions, every run and what was run", () => {
    const text = page({
      commit: "0123456789abcdef",
      machine: { cores: 2, memoryGib: 23.6 },
      ansibleVersion: "2.14.18",
      measured,
      size: "4 hosts",
      notes: notesOf({ cold: 1, again: 3 }),
    });
    expect(text).toContain("Written by `npm run bench:rollout`; not edited by hand.");
    expect(text).toContain("Commit 0123456789ab, ansible-core 2.14.18, 2 cores, 24 GiB of memory.");
    expect(text).toContain("| nothing to do | 3.0 s (2.0-4.0) | 7.5 s (6.0-9.0) | 2.50 |");
    expect(text).toContain("- nothing to do, ansible: 9.0, 6.0, 7.5 s");
    expect(text).toContain("3 times on the site that is there");
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
