import { describe, expect, test } from "@jest/globals";
import { type DrillRound, toJson } from "../../../../automation/drill/document.ts";
import {
  cameBack,
  commandToWriteMs,
  measuredOf,
  parseDrill,
  plannedMoves,
} from "../../../../bench/failover/drill-reading.ts";
import { made } from "../../drill/made.ts";
import { round } from "../../drill/round.ts";

const limits = { rtoMs: 30_000, rpoRows: 0 };
const told = (rounds: DrillRound[], kind: "region" | "switchover" = "region") =>
  toJson({ site: "proof", kind, engine: "mariadb", durability: "bounded", limits, rounds });

const step = (of: string, name: string, startedMs: number, endedMs: number, note: string | null = null) => ({
  ...{ of, name, region: "primary", why: "", startedMs, endedMs, outcome: "done" as const, note },
});

/** The active region dies at 5 s; the command comes at 5.2 s; its hosts start at 10 s and it is back at 14 s. */
const region = round({
  steps: [
    step("drill", "inject the fault: region of primary", 5000, 5200),
    step("failover", "promote", 5600, 6800),
    step("drill", "take the fault back", 10_000, 11_000),
    step("reinstate", "return", 11_500, 14_000, "rewind: primary wrote what secondary lacks"),
    step("reinstate", "protect", 14_000, 15_000),
  ],
});
const attempts = [
  made({ at: 4900 }),
  made({ at: 5210, took: 100 }),
  made({ at: 6000, status: 0 }),
  made({ at: 6500, kind: "read", id: null, status: 200 }),
  made({ at: 7000 }),
  made({ at: 20_300, status: 503 }),
  made({ at: 20_400 }),
  made({ at: 20_450, kind: "pinned", status: 503 }),
];

describe("a drill's document", () => {
  test("is read as it was printed", () => {
    const document = told([region, round({ round: 2 })]);
    expect(parseDrill(JSON.stringify(document), 2)).toEqual(JSON.parse(JSON.stringify(document)));
  });

  test("that is none, or lacks rounds, is refused", () => {
    expect(() => parseDrill("", 1)).toThrow("no document");
    expect(() => parseDrill(JSON.stringify(told([region])), 20)).toThrow("1 rounds, not 20");
  });

  test("with a round that failed is refused with the command that mends the site", () => {
    const failure = { what: "no order was acknowledged", why: "60 s", next: "npx evenkeel status" };
    const text = JSON.stringify(told([round({ failure })]));
    expect(() => parseDrill(text, 1)).toThrow(
      expect.objectContaining({
        what: expect.stringContaining("no order was acknowledged"),
        next: "npx evenkeel status",
      }),
    );
  });
});

describe("a round with a dead region", () => {
  test("counts from the command to the first order sent behind it: neither one under way nor a page", () => {
    expect(commandToWriteMs({ round: region, attempts })).toBe(1800);
    expect(commandToWriteMs({ round: region, attempts: attempts.slice(0, 4) })).toBeNull();
    expect(() => commandToWriteMs({ round: round({ steps: [] }), attempts })).toThrow("no fault");
  });

  test("counts the return from the start of the hosts, with the command's part and the way", () => {
    expect(cameBack({ round: region, attempts })).toEqual([{ ms: 4000, commandMs: 2500, way: "rewind" }]);
    const unsaid = region.steps.map((one) => ({ ...one, note: null }));
    expect(cameBack({ round: round({ steps: unsaid }), attempts })[0]?.way).toBe("unknown");
    expect(cameBack({ round: round({ steps: region.steps.slice(0, 3) }), attempts })).toEqual([]);
  });

  test("is planned on its way back only, with the orders of that part by the public name", () => {
    const [outage, ...others] = plannedMoves({ round: region, attempts });
    expect(others).toEqual([]);
    expect(outage).toEqual({
      ...{ asked: 2, refused: 0, failed: 0 },
      stallMs: region.figures.outages[1]?.writesMs,
    });
  });
});

test("both drills make one row: moves of both, kills and returns of one, and no way without a command", () => {
  const phases = [
    { name: "switchover", planned: true, fromMs: 5000 },
    { name: "failback", planned: true, fromMs: 20_000 },
  ];
  const outages = region.figures.outages.map((outage) => ({ ...outage, planned: true }));
  const moved = round({ phases, figures: { ...region.figures, outages } });
  const about = { engine: "MariaDB 11.8.3", roundTripMs: 20, commit: "c", machine: "m" };
  const drilled = (one: DrillRound) => ({ document: told([one]), rounds: [{ round: one, attempts }] });
  const row = measuredOf(drilled(moved), drilled(region), about);
  expect(row).toMatchObject({
    ...{ ...about, what: "Evenkeel, bounded", rounds: 1, lost: 0 },
    ...{ forcedMs: [1800], automaticMs: null, back: [{ ms: 4000 }] },
    acknowledged: 2 * region.figures.orders.acknowledged,
  });
  expect(row.planned).toHaveLength(3);
  const lost = (rpoRows: number | null) => {
    const one = round({ ...region, figures: { ...region.figures, rpoRows } });
    return measuredOf(drilled(moved), drilled(one), about).lost;
  };
  expect(lost(3)).toBe(3);
  expect(lost(null)).toBeNull();
});
