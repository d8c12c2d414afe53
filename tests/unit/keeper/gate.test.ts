import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  decideGate,
  firstGateState,
  type GateConfig,
  type GateEffect,
  type GateEvent,
  type GateState,
  leaseLine,
} from "../../../automation/keeper/gate.ts";
import type { Store, Writer } from "../../../automation/keeper/store.ts";
import { endMs, networks, playGate, type World, worlds } from "./gate-world.ts";

const config: GateConfig = { region: "primary", renewMs: 200, softMs: 2200 };
const here = { region: "primary", epoch: 4 };

const storeOf = (writer: Writer | null, revision: number): Store => ({
  revision,
  writer: writer === null ? null : { value: writer, revision },
  epoch: writer?.epoch ?? 0,
  sync: null,
  durability: null,
  paused: false,
});

/** A keeper that is told one thing after the other. */
function keeper() {
  let state: GateState = firstGateState;
  const done: GateEffect[] = [];
  const tell = (event: GateEvent, nowMs: number) => {
    const turn = decideGate(config, state, event, nowMs);
    state = turn.state;
    done.push(...turn.effects);
    return turn.effects;
  };
  const runs = () => done.flatMap((effect) => (effect.do === "run" ? [effect] : []));
  const end = (ok: boolean, nowMs: number) => tell({ is: "ended", id: runs().at(-1)?.id ?? 0, ok }, nowMs);
  return {
    tell,
    end,
    verbs: () => runs().map(({ verb }) => verb),
    /** A look that was sent at `sentMs` and met `writer` as last written at `revision`. */
    see: (writer: Writer | null, revision: number, sentMs: number, nowMs = sentMs + 5) =>
      tell({ is: "answer", sentMs, store: storeOf(writer, revision) }, nowMs),
    leases: () => done.flatMap((effect) => (effect.do === "lease" ? [[effect.epoch, effect.untilMs]] : [])),
  };
}

/** One that is open at epoch 4, by a lease until 3200. */
function openKeeper() {
  const one = keeper();
  one.tell({ is: "tick" }, 900);
  one.end(true, 950);
  one.see(here, 10, 1000);
  one.see(here, 11, 1200);
  one.end(true, 1300);
  one.tell({ is: "gate", epoch: 4 }, 1350);
  expect(one.verbs()).toEqual([
    { name: "close", keepCaches: true },
    { name: "open", epoch: 4 },
  ]);
  expect(one.leases()).toEqual([[4, 3200]]);
  return one;
}

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

describe("the gate", () => {
  test("is closed by a keeper that begins, and opened once the lease is proved", () => {
    openKeeper();
  });

  test("stays open as long as the lease is renewed, and closes when its time is over, its caches kept", () => {
    const one = openKeeper();
    one.see(here, 12, 1400);
    one.tell({ is: "tick" }, 3399);
    expect(one.verbs()).toHaveLength(2);
    one.tell({ is: "tick" }, 3400);
    expect(one.verbs().slice(2)).toEqual([{ name: "close", keepCaches: true }]);
  });

  test.each([
    ["nobody", null],
    ["another region", { region: "secondary", epoch: 5 }],
  ] as const)(
    "closes at once where %s is the writer, caches and all, also while an opening is under way",
    (_, writer) => {
      const one = openKeeper();
      one.see(writer, 12, 1400);
      expect(one.verbs().slice(2)).toEqual([{ name: "close", keepCaches: false }]);
      const opening = keeper();
      opening.tell({ is: "tick" }, 900);
      opening.end(true, 950);
      opening.see(here, 10, 1000);
      opening.see(here, 11, 1200);
      opening.see(writer, 12, 1400);
      expect(opening.verbs().slice(1)).toEqual([
        { name: "open", epoch: 4 },
        { name: "close", keepCaches: false },
      ]);
    },
  );

  test("is opened again after a pause by a change that a look after it has not seen yet, not by an older one", () => {
    const one = openKeeper();
    one.tell({ is: "tick" }, 60_000);
    one.end(true, 60_050);
    // Renewed while this host slept: nobody knows when.
    one.see(here, 90, 60_000, 60_060);
    expect(one.verbs().slice(3)).toEqual([]);
    one.see(here, 91, 60_200);
    expect(one.verbs().slice(3)).toEqual([{ name: "open", epoch: 4 }]);
  });

  test("closes once more, caches and all, where the pause turns out to be another's writing", () => {
    const one = openKeeper();
    one.tell({ is: "tick" }, 60_000);
    one.end(true, 60_050);
    one.see({ region: "secondary", epoch: 5 }, 90, 60_100);
    one.end(true, 60_200);
    one.tell({ is: "tick" }, 70_000);
    expect(one.verbs().slice(2)).toEqual([
      { name: "close", keepCaches: true },
      { name: "close", keepCaches: false },
    ]);
  });

  test("is opened for a newer epoch of this region", () => {
    const one = openKeeper();
    one.see({ region: "primary", epoch: 6 }, 12, 1400);
    expect(one.leases().at(-1)).toEqual([6, 1200 + config.softMs]);
    expect(one.verbs().slice(2)).toEqual([{ name: "open", epoch: 6 }]);
  });

  test("an opening that failed is tried again after a moment, a closing as well; neither holds up the other", () => {
    const one = keeper();
    one.tell({ is: "tick" }, 900);
    one.end(true, 950);
    one.see(here, 10, 1000);
    one.see(here, 11, 1200);
    one.end(false, 1300);
    one.tell({ is: "tick" }, 1500);
    expect(one.verbs()).toHaveLength(2);
    one.tell({ is: "tick" }, 1800);
    expect(one.verbs().slice(2)).toEqual([{ name: "open", epoch: 4 }]);
    one.end(false, 1850);
    one.see(null, 12, 1900);
    expect(one.verbs().slice(3)).toEqual([{ name: "close", keepCaches: false }]);
    one.end(false, 1950);
    one.tell({ is: "tick" }, 2000);
    expect(one.verbs()).toHaveLength(4);
    one.tell({ is: "tick" }, 2450);
    expect(one.verbs().slice(4)).toEqual([{ name: "close", keepCaches: false }]);
  });

  test("one that somebody else opened without the lease is closed, one that somebody closed is opened", () => {
    const one = openKeeper();
    one.tell({ is: "gate", epoch: null }, 1400);
    expect(one.verbs().at(-1)).toEqual({ name: "open", epoch: 4 });
    one.end(true, 1450);
    one.see(null, 12, 1500);
    one.end(true, 1550);
    one.tell({ is: "gate", epoch: 4 }, 1600);
    expect(one.verbs().slice(3)).toEqual([
      { name: "close", keepCaches: false },
      { name: "close", keepCaches: false },
    ]);
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
