import { describe, expect, test } from "@jest/globals";
import { drillExitCode, toJson } from "../../../automation/drill/document.ts";
import { figuresOf } from "../../../automation/drill/figures.ts";
import { areMet, limitsOf, objectivesOf, parseRows } from "../../../automation/drill/objectives.ts";
import { exitCodes } from "../../../automation/errors.ts";
import { made, seen } from "./made.ts";
import { round } from "./round.ts";

const fault = { name: "fault (region)", planned: false, fromMs: 5000 };
const failback = { name: "failback", planned: true, fromMs: 20_000 };
const page = (at: number) => made({ at, status: 200, kind: "read", id: null });
const attempts = [4900, 9000, 19_900, 20_400].flatMap((at) => [made({ at }), page(at)]);
const kept = { rtoMs: 30_000, rpoRows: 0 };
const figures = (more = {}) =>
  figuresOf(seen(attempts, { phases: [fault, failback], endedMs: 20_500, ...more }));

describe("limits", () => {
  test("that are no durations are a usage error (exit 2) that names the flag", () => {
    expect(() => limitsOf({ maxRto: "fast" }, { planned: false, durability: "bounded" })).toThrow(
      expect.objectContaining({ exitCode: exitCodes.usage, what: expect.stringContaining("--max-rto") }),
    );
  });

  test.each(["", "-1", "1.5", "any", "0x1"])("%j is no number of orders: a usage error", (text) => {
    expect(() => parseRows("--max-rpo", text)).toThrow(
      expect.objectContaining({ exitCode: exitCodes.usage, what: expect.stringContaining("--max-rpo") }),
    );
  });

  test("are the floors where none was given: 30 s unplanned, 5 s planned, no loss but in async", () => {
    const by = (planned: boolean, durability: "bounded" | "strict" | "async") =>
      limitsOf({}, { planned, durability });
    expect(by(false, "bounded")).toEqual({ rtoMs: 30_000, rpoRows: 0 });
    expect(by(true, "strict")).toEqual({ rtoMs: 5000, rpoRows: 0 });
    expect(by(false, "async")).toEqual({ rtoMs: 30_000, rpoRows: null });
    expect(limitsOf({ maxRto: "2s", maxRpo: "3" }, { planned: false, durability: "async" })).toEqual({
      rtoMs: 2000,
      rpoRows: 3,
    });
  });
});

describe("objectives", () => {
  test("are met where every figure is within its limit", () => {
    const all = objectivesOf(figures(), kept, 0);
    expect(all.map(({ met }) => met)).toEqual(all.map(() => true));
    expect(areMet(all)).toBe(true);
  });

  const missed = (name: string, all: ReturnType<typeof objectivesOf>) => {
    expect(all.filter(({ met }) => met !== true).map((one) => one.name)).toEqual([name]);
    expect(areMet(all)).toBe(false);
  };

  test("miss a lost order, a doubled one, a late one, and rows that differ", () => {
    const lost = figures({
      found: new Set(figures().orders.asked === 0 ? [] : ["run-1-4900"]),
      stockTaken: 1,
    });
    missed("RPO: acknowledged orders lost", objectivesOf(lost, kept, 0));
    missed("orders doubled", objectivesOf(figures({ stockTaken: 9 }), kept, 0));
    missed("orders doubled", objectivesOf(figures({ stockTaken: 3 }), kept, 0));
    const late = { ...figures(), late: { pinned: 1, all: 1 } };
    missed("writes acknowledged without the lease", objectivesOf(late, kept, 0));
    missed("rows that differ in the end", objectivesOf(figures(), kept, 2));
  });

  test("hold the way back to what is planned, whatever the drill is about", () => {
    const slow = figuresOf(
      seen([...attempts.slice(0, 6), made({ at: 26_000 }), page(20_400), page(26_000)], {
        phases: [fault, failback],
        endedMs: 26_100,
      }),
    );
    const all = objectivesOf(slow, { rtoMs: 30_000, rpoRows: 0 }, 0);
    expect(all.filter(({ met }) => met === false).map(({ name, objective }) => [name, objective])).toEqual([
      ["RTO of writes, failback", 5000],
      ["RTO of reads, failback", 5000],
    ]);
  });

  test("count as missed where nothing was measured", () => {
    const unknown = objectivesOf(figures({ found: null, stockTaken: null }), kept, null);
    const nulls = unknown.filter(({ met }) => met === null).map(({ name }) => name);
    expect(nulls).toEqual(["RPO: acknowledged orders lost", "orders doubled", "rows that differ in the end"]);
    expect(areMet(unknown)).toBe(false);
  });

  test("leave a loss out where it is only shown", () => {
    const all = objectivesOf(figures({ found: new Set() }), { rtoMs: 30_000, rpoRows: null }, 0);
    expect(all.some(({ name }) => name.startsWith("RPO"))).toBe(false);
  });
});

describe("a drill's exit code", () => {
  const told = (...rounds: ReturnType<typeof round>[]) =>
    drillExitCode(
      toJson({ site: "shop", kind: "region", engine: null, durability: "bounded", limits: kept, rounds }),
    );

  test("is 0 where all is met, 11 where one round missed, 14 where one stopped half-way", () => {
    const unmet = { objectives: objectivesOf(figures(), { rtoMs: 1, rpoRows: 0 }, 0) };
    const failure = { what: "failover failed", why: null, next: "npx evenkeel status" };
    expect(told(round(), round())).toBe(exitCodes.ok);
    expect(told(round(), round(unmet))).toBe(exitCodes.targetMissed);
    expect(told(round({ ...unmet, failure }))).toBe(exitCodes.resumable);
  });
});
