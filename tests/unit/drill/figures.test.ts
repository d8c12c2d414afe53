import { describe, expect, test } from "@jest/globals";
import { figuresOf, nearestRank } from "../../../automation/drill/figures.ts";
import { longestGap } from "../../../automation/drill/outages.ts";
import { made, seen } from "./made.ts";

const fault = { name: "fault (region)", planned: false, fromMs: 5000 };
const failback = { name: "failback", planned: true, fromMs: 20_000 };

describe("RTO, from the last acknowledged order to the first one behind the fault", () => {
  const orders = [1000, 4000, 4900, 9000, 9100, 19_900, 20_500, 21_000].map((at) => made({ at }));

  test("is the longest time between two acknowledgements that ends behind it, a part at a time", () => {
    const phases = [fault, failback];
    const figures = figuresOf(seen(orders.slice(0, 5), { phases: [fault], endedMs: 9200 }));
    expect(figures.outages[0]).toMatchObject({ writesMs: 4100, writesGap: { fromMs: 4900, toMs: 9000 } });
    const both = figuresOf(seen(orders, { phases, endedMs: 21_100 })).outages;
    expect(both.map(({ name, writesMs }) => [name, writesMs])).toEqual([
      ["fault (region)", 10_800],
      ["failback", 600],
    ]);
  });

  test("does not count a longer time that was over before the fault", () => {
    const early = [made({ at: 0 }), made({ at: 4900 }), made({ at: 5300 })];
    expect(figuresOf(seen(early, { phases: [fault], endedMs: 5400 })).outages[0]?.writesMs).toBe(400);
  });

  test("heeds neither the connection that stays with the old address, nor refused orders, nor unknown ones", () => {
    const others = [
      made({ at: 4900 }),
      made({ at: 5500, kind: "pinned", connection: "pinned" }),
      made({ at: 5600, status: 503 }),
      made({ at: 5700, status: 504 }),
      made({ at: 5800, status: 0 }),
      made({ at: 7000 }),
    ];
    const [outage] = figuresOf(seen(others, { phases: [fault], endedMs: 7100 })).outages;
    expect(outage).toMatchObject({ writesMs: 2100, refused: 1, failed: 2 });
  });

  test("is null where no order was acknowledged any more, and never nought", () => {
    const [outage] = figuresOf(seen([made({ at: 4900 })], { phases: [fault] })).outages;
    expect(outage).toMatchObject({ writesMs: null, readsMs: null, writesGap: null });
  });

  test("counts a time without orders that still went on at the end", () => {
    const some = [made({ at: 4900 }), made({ at: 5200 })];
    expect(figuresOf(seen(some, { phases: [fault], endedMs: 9200 })).outages[0]?.writesMs).toBe(4000);
  });

  test("of reads heeds pages that were answered 200 alone", () => {
    const page = (at: number, status: number) => made({ at, status, kind: "read", id: null });
    const reads = [page(4900, 200), page(5100, 502), page(5900, 503), page(6400, 200)];
    expect(figuresOf(seen(reads, { phases: [fault], endedMs: 6500 })).outages[0]?.readsMs).toBe(1500);
  });

  test("begins with the part where nothing was acknowledged before", () => {
    expect(longestGap([7000], { fromMs: 5000, toMs: 7100 })).toEqual({ fromMs: 5000, toMs: 7000 });
  });
});

describe("RPO, what was acknowledged and is missing in the end", () => {
  const orders = [1000, 2000, 3000, 4500].map((at) => made({ at }));

  test("counts every lost id once, and the time from the first of them to the last", () => {
    const again = made({ at: 3200, id: "run-1-3000", status: 200 });
    const found = new Set(["run-1-1000"]);
    const figures = figuresOf(seen([...orders, again], { found, stockTaken: 1 }));
    expect(figures).toMatchObject({
      rpoRows: 3,
      rpoSeconds: 2.5,
      lost: ["run-1-2000", "run-1-3000", "run-1-4500"],
    });
  });

  test("is nought where all is there, and where what is missing was never acknowledged", () => {
    const refused = made({ at: 9000, status: 503 });
    const unknown = made({ at: 9100, status: 504 });
    expect(figuresOf(seen([...orders, refused, unknown]))).toMatchObject({
      rpoRows: 0,
      rpoSeconds: 0,
      lost: [],
    });
  });

  test("counts what the connection with the old address was told, too", () => {
    const pinned = made({ at: 5000, kind: "pinned", connection: "pinned" });
    const found = new Set(orders.map(({ id }) => id as string));
    expect(figuresOf(seen([...orders, pinned], { found })).lost).toEqual(["run-1-5000"]);
  });

  test("is unknown where nobody could be asked", () => {
    const figures = figuresOf(seen(orders, { found: null }));
    expect(figures).toMatchObject({ rpoRows: null, rpoSeconds: null, lost: null, doubled: null });
  });
});

describe("orders that were written twice", () => {
  const orders = [1000, 2000].map((at) => made({ at }));

  test("take more units than there are orders", () => {
    expect(figuresOf(seen(orders, { stockTaken: 3 })).doubled).toBe(1);
    expect(figuresOf(seen(orders)).doubled).toBe(0);
    expect(figuresOf(seen(orders, { stockTaken: null })).doubled).toBeNull();
  });

  test("are those ids that were answered 201 twice, and not those that were 200 the second time", () => {
    const twice = made({ at: 3000, id: "run-1-1000" });
    const known = made({ at: 3100, id: "run-1-2000", status: 200 });
    expect(figuresOf(seen([...orders, twice, known])).writtenTwice).toEqual(["run-1-1000"]);
  });
});

describe("a region that has lost the lease", () => {
  const turns = [
    { region: "secondary", commandedMs: 5000 },
    { region: "primary", commandedMs: 20_000 },
  ];
  const base = [made({ at: 4900 }), made({ at: 6000, by: "secondary" }), made({ at: 21_000 })];
  const old = (at: number, status: number) => made({ at, status, kind: "pinned", connection: "pinned" });
  const judged = (...more: ReturnType<typeof made>[]) => figuresOf(seen([...base, ...more], { turns }));

  test("acknowledges nothing: what it still does after the new writer's first is counted", () => {
    expect(judged(old(6500, 201)).late).toEqual({ pinned: 1, all: 1 });
    expect(judged(made({ at: 6600 })).late).toEqual({ pinned: 0, all: 1 });
  });

  test("may acknowledge until then, and again once it is the writer", () => {
    expect(judged(old(5900, 201), old(21_500, 201)).late).toEqual({ pinned: 0, all: 0 });
  });

  test("may not be overtaken by the other one once it is the writer again", () => {
    expect(judged(made({ at: 21_600, by: "secondary" })).late.all).toBe(1);
  });

  test("refuses: what the connection that stayed there met is told by kind", () => {
    const figures = judged(old(5500, 201), old(6500, 503), old(7000, 503), old(7500, 0), old(8000, 201));
    expect(figures.pinned).toEqual({ asked: 4, refused: 2, acknowledged: 1, unanswered: 1 });
  });
});

describe("requests", () => {
  test("that failed are counted by status, refusals with and without Retry-After apart", () => {
    const some = [
      made({ at: 1, status: 503, retryAfter: true }),
      made({ at: 2, status: 503 }),
      made({ at: 3, status: 502 }),
      made({ at: 4, status: 0 }),
      made({ at: 5, status: 0 }),
      made({ at: 6, status: 500, kind: "read", id: null }),
    ];
    expect(figuresOf(seen(some))).toMatchObject({
      failed: { writes: { 502: 1, none: 2 }, reads: { 500: 1 } },
      refused: { withRetryAfter: 1, withoutRetryAfter: 1 },
      orders: { asked: 5, acknowledged: 0, attempts: 5 },
    });
  });

  test("are timed before the fault and behind the first order that was acknowledged after it", () => {
    const some = [
      ...[10, 20, 30].map((took, i) => made({ at: 1000 + i, took })),
      made({ at: 8000, took: 2900 }),
      ...[50, 60].map((took, i) => made({ at: 9000 + i, took })),
    ];
    const { answerMs } = figuresOf(seen(some, { phases: [fault], endedMs: 9100 }));
    expect(answerMs).toEqual({ before: { p50: 20, p95: 30 }, after: { p50: 50, p95: 60 } });
    expect(figuresOf(seen([], { phases: [fault] })).answerMs).toEqual({ before: null, after: null });
  });

  test("have percentiles that were really measured", () => {
    const values = Array.from({ length: 20 }, (_, i) => i + 1);
    expect([nearestRank(values, 50), nearestRank(values, 95), nearestRank([7], 95)]).toEqual([10, 19, 7]);
  });
});
