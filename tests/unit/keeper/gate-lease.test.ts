import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { leaseLine } from "../../../automation/keeper/gate.ts";
import { config, here, keeper, openKeeper } from "./gate-keeper.ts";
import { endMs, networks, playGate, type World, worlds } from "./gate-world.ts";

describe("the lease as a web host sees it", () => {
  test("the first look proves nothing, however fresh it is; a change after it does, from its sending on", () => {
    const one = keeper();
    one.see(here, 10, 1000);
    one.see(here, 10, 1200);
    expect(one.leases()).toEqual([]);
    one.see(here, 11, 1400, 1500);
    expect(one.leases()).toEqual([[4, 1200 + config.softMs]]);
  });

  test("an overtaken answer counts for what it had not seen, and for nothing else", () => {
    const one = keeper();
    one.see(here, 10, 1000);
    one.see(here, 12, 1400);
    one.see(here, 11, 1200, 1500);
    expect(one.leases()).toEqual([
      [4, 3200],
      [4, 3400],
    ]);
    one.see({ region: "secondary", epoch: 3 }, 9, 1390, 1550);
    expect(one.leases().at(-1)).toEqual([4, 1390 + config.softMs]);
  });

  test("an older store that was asked for later is of an etcd made anew: it counts, and looks at the other do not", () => {
    const one = keeper();
    one.see(here, 1000, 1000);
    one.see(here, 1001, 1400);
    one.see({ region: "secondary", epoch: 2 }, 5, 1600);
    expect(one.leases().at(-1)).toEqual([0, 0]);
    const other = keeper();
    other.see(here, 1000, 1000);
    other.see(here, 1001, 1400);
    other.see(here, 5, 1600);
    expect(other.leases()).toEqual([[4, 3200]]);
    other.see(here, 6, 1800, 1850);
    expect(other.leases().at(-1)).toEqual([4, 1600 + config.softMs]);
  });

  test("no answer prolongs nothing", () => {
    const one = openKeeper();
    one.tell({ is: "answer", sentMs: 1400, store: null }, 1450);
    one.see(here, 11, 1600);
    expect(one.leases()).toEqual([[4, 3200]]);
  });

  test("is over for the one who sees another writer, or none", () => {
    for (const writer of [null, { region: "secondary", epoch: 5 }]) {
      const one = openKeeper();
      one.see(writer, 12, 1400);
      expect(one.leases().at(-1)).toEqual([0, 0]);
    }
  });

  test("stands in one line of whole milliseconds", () => {
    expect(leaseLine({ epoch: 4, untilMs: 3200.7 })).toBe("4 3200\n");
  });
});

describe("looking", () => {
  test("is asked for once an interval, whatever else happens, and not held up by a look without an answer", () => {
    const one = keeper();
    const asks = [0, 100, 199, 200, 210, 400, 1000].map(
      (nowMs) => one.tell({ is: "tick" }, nowMs).filter((effect) => effect.do === "ask").length,
    );
    expect(asks).toEqual([1, 0, 0, 1, 0, 1, 1]);
  });
});

describe("whatever answers are late, lost, out of order or doubled, and whoever sleeps", () => {
  const property = (change: Partial<World>) =>
    fc.property(worlds, networks, (world, network) => {
      expect(playGate(config, { ...world, ...change }, network).late).toEqual([]);
    });

  test("the lease ends no later than D after the last renewal that was written, and the gate with it", () => {
    fc.assert(property({}), { numRuns: 300 });
  });

  test.each([
    ["counted from the answers", { counts: "answers" }],
    ["looks that a member answers by itself, without a quorum", { reads: "stale" }],
  ] as const)("%s, it would not", (_, change) => {
    expect(fc.check(property(change), { numRuns: 300 }).failed).toBe(true);
  });

  test("and where nothing of this happens there is a lease all the time, but for the first moment", () => {
    const world = {
      gapsMs: Array(80).fill(200),
      sleeps: [],
      counts: "sending",
      reads: "linearizable",
    } as const;
    const { late, heldMs } = playGate(config, world, [{ toMs: 5, backMs: 5, fate: "answered" }]);
    expect(late).toEqual([]);
    expect(heldMs).toBeGreaterThan(endMs - 800);
  });
});
