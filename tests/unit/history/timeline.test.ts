import { describe, expect, test } from "@jest/globals";
import { timelineHtml } from "../../../automation/history/html.ts";
import type { JournalLine } from "../../../automation/history/journal-lines.ts";
import { pickRun, timelineOf, timelineTable } from "../../../automation/history/timeline.ts";
import { move } from "../failover/sites.ts";

const line = (ms: number, change: Partial<JournalLine> = {}): JournalLine => ({
  at: new Date(Date.parse("2026-01-01T00:00:00Z") + ms).toISOString(),
  ...{ run: "r1", event: "step", command: "failover --to secondary" },
  ...change,
});
const step = (ms: number, name: string, state: JournalLine["state"], change: Partial<JournalLine> = {}) =>
  line(ms, { detail: name, region: "secondary", state, ...change });
const lines = [
  line(0, { event: "start" }),
  step(20, "fence", "already", { region: "primary", why: "its database answers that it is closed" }),
  step(120, "promote", "begun", { why: "it is in sync" }),
  line(300, { run: "r2" }),
  step(632, "promote", "done"),
  step(700, "traffic", "begun"),
  step(900, "traffic", "failed", { why: "no <answer>", seconds: 0.15 }),
  line(1000, { event: "end", detail: "half-way", exitCode: 14, seconds: 1 }),
];

describe("a timeline", () => {
  const timeline = timelineOf("r1", lines, []);

  test("has start, each step with its beginning, end and seconds, and the exit code, from T+0", () => {
    const text = timelineTable(timeline);
    expect(text.slice(text.indexOf("T+")).split("\n")).toEqual([
      "T+0.000  start    failover --to secondary",
      "T+0.020  already  fence primary: its database answers that it is closed",
      "T+0.120  begin    promote secondary: it is in sync",
      "T+0.632  done     promote secondary, 0.512 s",
      "T+0.700  begin    traffic secondary",
      "T+0.900  failed   traffic secondary, 0.150 s: no <answer>",
      "T+1.000  end      failover --to secondary, 1.000 s: exit code 14: half-way",
      "",
    ]);
    expect(text).toMatch(/^Ended +with exit code 14$/m);
  });

  test("that was cut short says which step was, and that nothing says how it ended", () => {
    const cut = timelineOf("r1", lines.slice(0, 3), []);
    expect(cut.exitCode).toBeNull();
    expect(cut.entries.at(-1)).toMatchObject({ what: "cut", name: "promote", seconds: null });
    expect(timelineTable(cut)).toMatch(/^Ended +not, as far as the journal says$/m);
    expect(timeline.entries.some(({ what }) => what === "cut")).toBe(false);
  });

  test("pairs steps of one name by region", () => {
    const both = [
      line(0, { event: "start" }),
      step(100, "caches", "begun", { region: "primary" }),
      step(200, "caches", "begun"),
      step(500, "caches", "done"),
      step(900, "caches", "done", { region: "primary" }),
    ];
    const { entries } = timelineOf("r1", both, []);
    expect(entries.map(({ region, seconds }) => [region, seconds])).toEqual([
      [null, null],
      ["primary", null],
      ["secondary", null],
      ["secondary", 0.3],
      ["primary", 0.8],
    ]);
  });

  test("of a run that only etcd knows is its move", () => {
    const other = timelineOf("r9", lines, [move({ run: "r9", loss: { rows: 0, seconds: 0 } })]);
    expect(other).toMatchObject({ startedAt: "2025-12-31T23:59:56.800Z", entries: [], exitCode: null });
    expect(timelineTable(other)).toMatch(
      /^Moved +from primary to secondary at epoch 2 by alice, lost: 0 rows$/m,
    );
    const [page] = [timelineHtml(other, "shop")];
    expect(page).toContain("lost: 0 rows");
  });

  test("as a page needs no network, runs nothing, and shows what is said as text", () => {
    const page = timelineHtml(
      timelineOf("r1", lines, [move({ who: '"><script>alert(1)</script>' })]),
      "shop",
    );
    expect(page).not.toMatch(/<script|src=|href=|@import|url\(|http/i);
    expect(page).toContain("no &lt;answer&gt;");
    expect(page).toContain("&quot;&gt;&lt;script&gt;");
    expect(page.match(/<tr class="/g)).toHaveLength(7);
    // promote: 0.512 s of 1 s, from 0.12 s on.
    expect(page).toContain("left:12.00%;width:51.20%");
  });
});

describe("a run's id", () => {
  const runs = ["a1", "a1", "b2", "b3", "b3c"];
  test("is whole, a beginning that no other has, or last", () => {
    expect(["a", "a1", "b2", "b3", "last"].map((id) => pickRun(runs, id))).toEqual([
      "a1",
      "a1",
      "b2",
      "b3",
      "b3c",
    ]);
  });

  test.each([
    ["b", "3 runs begin with"],
    ["c", "there is no run"],
    ["", "there is no run"],
  ])("'%s' names none or several (2), and the answer lists some", (id, what) => {
    expect(() => pickRun(runs, id)).toThrow(what);
    expect(() => pickRun(runs, id)).toThrow(
      expect.objectContaining({ exitCode: 2, why: expect.stringContaining("b3c") }),
    );
  });

  test("of a site without runs is none, last neither", () => {
    expect(() => pickRun([], "last", " --site proof")).toThrow(
      expect.objectContaining({ next: "take one that npx evenkeel events --site proof shows, or last" }),
    );
    expect(() => pickRun([], "last")).toThrow(expect.objectContaining({ exitCode: 2, why: undefined }));
  });
});
