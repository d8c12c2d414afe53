import { describe, expect, test } from "@jest/globals";
import { eventKey, eventsOf, eventsSince, eventsTable } from "../../../automation/history/events.ts";
import type { JournalLine } from "../../../automation/history/journal-lines.ts";
import { move } from "../failover/sites.ts";

const at = (second: number) => `2026-01-01T00:00:0${second}.000Z`;
const line = (second: number, change: Partial<JournalLine> = {}): JournalLine => ({
  ...{ at: at(second), run: "0123456789ab", event: "step", command: "failover --to secondary" },
  ...change,
});
const lines = [
  line(1, { event: "start" }),
  line(1, { detail: "promote", region: "secondary", state: "begun", why: "it is in sync" }),
  line(3, { detail: "promote", region: "secondary", state: "done" }),
  line(4, { event: "end", detail: "ok", exitCode: 0, seconds: 3 }),
];

describe("events", () => {
  test("of journal and etcd are one list by time; what was written at one moment keeps its order", () => {
    const events = eventsOf(lines, [move({ at: at(2), loss: { rows: 3, seconds: 1 } })]);
    expect(events.map(({ source, what, state }) => [source, what, state])).toEqual([
      ["journal", "start", null],
      ["journal", "step", "begun"],
      ["etcd", "move", null],
      ["journal", "step", "done"],
      ["journal", "end", null],
    ]);
    expect(events[2]).toMatchObject({
      command: "failover --to secondary",
      detail: "from primary to secondary at epoch 2 by alice, lost: 3 rows",
    });
  });

  test("are those since a moment, that one included; a time that can't be read hides none", () => {
    const events = eventsOf(lines, [move({ at: "noon" })]);
    expect(eventsSince(events, Date.parse(at(3))).map(({ what }) => what)).toEqual(["move", "step", "end"]);
    expect(eventsSince(events, Number.NEGATIVE_INFINITY)).toHaveLength(5);
    expect(eventsSince(events, Date.parse(at(5))).map(({ what }) => what)).toEqual(["move"]);
  });

  test("have a key each, by which one that was shown is known again", () => {
    const events = eventsOf(lines, [move()]);
    expect(new Set(events.map(eventKey)).size).toBe(5);
    expect(eventsOf(lines, [move()]).map(eventKey)).toEqual(events.map(eventKey));
  });

  test("are a line each in a table, whatever a message holds", () => {
    const failed = line(4, { event: "end", detail: "no\nanswer", exitCode: 14, seconds: 3 });
    const text = eventsTable(eventsOf([...lines.slice(0, 2), failed], []));
    expect(text.trimEnd().split("\n")).toHaveLength(4);
    expect(text).toMatch(/^At +Run +What +Command +Detail$/m);
    expect(text).toMatch(
      / 01234567 +step begun +failover --to secondary +promote \(secondary\), it is in sync$/m,
    );
    expect(text).toMatch(/ end +failover --to secondary +no answer, exit code 14, 3 s$/m);
    expect(eventsTable([], { withHeader: false })).toBe("");
    expect(eventsTable(eventsOf(lines, []), { withHeader: false })).not.toContain("Detail");
  });

  test("say of a loss that was not counted that it is unknown", () => {
    const [event] = eventsOf([], [move({ from: null, loss: { rows: null, seconds: null } })]);
    expect(event?.detail).toBe("to secondary at epoch 2 by alice, lost: an unknown number of rows");
  });
});
