import { describe, expect, test } from "@jest/globals";
import type { KeeperConfig } from "../../../automation/keeper/state.ts";
import type { Store } from "../../../automation/keeper/store.ts";
import { config, facts, keeper, others, standby, store } from "./support.ts";

describe("the lease", () => {
  test("holds port and gate from the sending of a renewal on, however late its answer comes", () => {
    const one = keeper();
    one.tell({ is: "facts", facts, askedMs: 0 }, 0);
    one.answer("done", store, 50);
    one.tell({ is: "tick" }, 300);
    expect(one.asked().at(-1)?.change).toEqual({ kind: "renew", writer: { region: "primary", epoch: 1 } });
    expect(one.answer("done", store, 900)).toContainEqual({ do: "port", untilMs: 300 + config.softMs });
  });

  test("is not prolonged by a renewal that was refused, or that nobody answered", () => {
    const one = keeper();
    one.tell({ is: "facts", facts, askedMs: 0 }, 0);
    one.answer("done", store, 50);
    one.tell({ is: "tick" }, 300);
    expect(one.answer("refused", store, 350).filter((effect) => effect.do === "port")).toEqual([]);
    one.tell({ is: "tick" }, 600);
    const id = one.asked().at(-1)?.id as number;
    expect(
      one.tell({ is: "answer", id, outcome: "unknown" }, 700).filter((effect) => effect.do === "port"),
    ).toEqual([]);
  });

  test("is left to others where the database has not answered for longer than a restart takes", () => {
    const one = keeper();
    one.tell({ is: "facts", facts, askedMs: 0 }, 0);
    one.answer("done", store, 50);
    const silent = { ...facts, running: false, open: false };
    one.tell({ is: "facts", facts: silent, askedMs: 2000 }, 2000);
    expect(one.asked().at(-1)?.change).toMatchObject({ kind: "renew" });
    one.tell({ is: "facts", facts: silent, askedMs: 4000 }, 4000);
    expect(one.asked().at(-1)?.change).toBeNull();
  });
});

describe("opening", () => {
  const closed = { ...facts, open: false };

  test("a restarted database is opened by a renewal, then a write of the set, then its answer's wait", () => {
    const one = keeper();
    one.tell({ is: "facts", facts: closed, askedMs: 0 }, 0);
    one.answer("done", store, 50);
    // Seen, and not renewed: the key alone opens nothing.
    expect(one.asked().map(({ change }) => change?.kind ?? null)).toEqual([null]);
    one.tell({ is: "tick" }, 300);
    one.answer("done", store, 350);
    expect(one.asked().at(-1)?.change).toMatchObject({
      kind: "put-sync",
      syncRevision: 4,
      sync: store.sync?.value,
    });
    one.answer(
      "done",
      { ...store, sync: { value: { regions: ["primary"], joined: true }, revision: 9 } },
      400,
    );
    expect(one.verbs()).toEqual([{ name: "open", epoch: 1, regions: [] }]);
  });

  test("is not begun by an answer that comes when the lease is over", () => {
    const one = keeper({ answerMs: 60_000 });
    one.tell({ is: "facts", facts: closed, askedMs: 0 }, 0);
    one.answer("done", store, 50);
    one.tell({ is: "tick" }, 300);
    one.answer("done", store, 350);
    const put = one.asked().at(-1);
    one.tell({ is: "answer", id: put?.id ?? 0, outcome: "done", store }, 350 + config.softMs);
    expect(one.verbs()).toEqual([]);
  });

  test("a region that is not in the set stays closed", () => {
    const one = keeper();
    const without = { ...store, sync: { value: { regions: ["secondary"], joined: true }, revision: 4 } };
    one.tell({ is: "facts", facts: closed, askedMs: 0 }, 0);
    one.answer("done", without, 50);
    one.tell({ is: "tick" }, 300);
    one.answer("done", without, 350);
    one.tell({ is: "tick" }, 600);
    expect(one.asked().filter(({ change }) => change !== null && change.kind !== "renew")).toEqual([]);
  });
});

describe("an opening that was refused, since a standby has left meanwhile", () => {
  /** Granted at epoch 2 and prepared; the set has changed as the opening gets there. */
  function refusedOnce(own = keeper()) {
    const [granted, sync] = [{ region: "primary", epoch: 2 }, store.sync as NonNullable<Store["sync"]>];
    const mine = { ...store, revision: 7, writer: { value: granted, revision: 7 }, epoch: 2, sync };
    own.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
    own.answer("done", { ...store, writer: null }, 10);
    own.answer("done", mine, 20);
    own.tell({ is: "ended", id: own.asked().length + own.verbs().length, ok: true }, 100);
    const changed = { ...mine, revision: 9, sync: { ...sync, revision: 8 } };
    own.answer("refused", changed, 150);
    own.tell({ is: "facts", facts: { ...facts, epoch: 2, open: false }, askedMs: 160 }, 160);
    return { own, changed };
  }

  const alone = { regions: ["primary"], joined: false };

  test("is tried again with this region alone: in the set of the writer before commits would wait for that one", () => {
    const { own, changed } = refusedOnce();
    expect(own.verbs()).toEqual([{ name: "prepare", epoch: 2 }]);
    const puts = own.asked().flatMap(({ change }) => (change?.kind === "put-sync" ? [change] : []));
    expect(puts.map(({ syncRevision, sync }) => [syncRevision, sync])).toEqual([
      [4, alone],
      [8, alone],
    ]);
    own.answer("done", { ...changed, revision: 10, sync: { value: alone, revision: 10 } }, 350);
    expect(own.verbs().at(-1)).toEqual({ name: "open", epoch: 2, regions: [] });
  });

  test("once it has opened, what opens again leaves the set as it is", () => {
    const { own, changed } = refusedOnce();
    const joined = { value: { regions: ["primary", "secondary"], joined: true }, revision: 11 };
    own.answer("done", { ...changed, revision: 10, sync: { value: alone, revision: 10 } }, 170);
    own.tell({ is: "ended", id: own.asked().length + own.verbs().length, ok: false }, 180);
    own.tell({ is: "facts", facts: { ...facts, epoch: 2, open: false }, askedMs: 185 }, 185);
    own.answer("refused", { ...changed, revision: 11, sync: joined }, 190);
    own.tell({ is: "facts", facts: { ...facts, epoch: 2, open: false }, askedMs: 195 }, 195);
    expect(own.asked().at(-1)?.change).toMatchObject({ syncRevision: 11, sync: joined.value });
  });
});

describe("claiming", () => {
  const waits = (own: Partial<KeeperConfig>, seen: Store, untilMs: number) => {
    const one = keeper(own);
    one.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
    one.answer("done", seen, 10);
    for (let now = 200; now <= untilMs; now += 200) {
      one.tell({ is: "tick" }, now);
      one.answer("done", seen, now + 10);
    }
    return one.asked().filter(({ change }) => change?.kind === "claim");
  };

  test("waits until the writer has not renewed for the lease's time, by this host's clock", () => {
    expect(waits({}, others, 2200)).toEqual([]);
    expect(waits({}, others, 2600)).not.toEqual([]);
  });

  test("is nobody's who is not armed, was paused, lets commits wait for nobody, or is not in the set", () => {
    expect(waits({ armed: false }, others, 4000)).toEqual([]);
    expect(waits({}, { ...others, paused: true }, 4000)).toEqual([]);
    expect(waits({}, { ...others, durability: "async" }, 4000)).toEqual([]);
    const alone = { value: { regions: ["secondary"], joined: true }, revision: 4 };
    expect(waits({}, { ...others, sync: alone }, 4000)).toEqual([]);
  });
});

test("what the database was before a verb ended counts no more", () => {
  const one = keeper();
  one.tell({ is: "facts", facts: { ...standby, receivesFrom: null }, askedMs: 0 }, 0);
  one.answer("done", others, 10);
  one.tell({ is: "tick" }, 20);
  one.answer("done", others, 30);
  expect(one.verbs()).toEqual([{ name: "receive" }]);
  const receive = { is: "ended", id: 3, ok: true } as const;
  one.tell(receive, 500);
  one.tell({ is: "facts", facts: { ...standby, receivesFrom: null }, askedMs: 400 }, 510);
  expect(one.verbs()).toHaveLength(1);
  expect(one.asked().filter(({ change }) => change?.kind === "leave")).toHaveLength(1);
});

describe("a promotion that an operator wants", () => {
  const silent = { ...others, revision: 20 };
  const vacant = { ...others, revision: 21, writer: null };
  const claims = (own: ReturnType<typeof keeper>) =>
    own.asked().filter(({ change }) => change?.kind === "claim");

  test("is claimed as soon as nobody has the lease, and by no keeper without it", () => {
    for (const wanted of [{ epoch: 2, untilMs: 1000 }, null]) {
      const own = keeper({ armed: false });
      own.tell({ is: "wanted", wanted }, 0);
      own.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
      own.answer("done", vacant, 10);
      expect({ wanted, claims: claims(own).length }).toEqual({ wanted, claims: wanted === null ? 0 : 1 });
    }
  });

  test("waits for the lease's time where the writer is silent, which it has watched before", () => {
    const own = keeper({ armed: false });
    own.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
    own.answer("done", silent, 10);
    own.tell({ is: "facts", facts: standby, askedMs: config.leaseMs - 100 }, config.leaseMs - 100);
    own.tell({ is: "wanted", wanted: { epoch: 2, untilMs: config.leaseMs + 1000 } }, config.leaseMs - 50);
    expect(claims(own)).toEqual([]);
    own.tell({ is: "tick" }, 10 + config.leaseMs);
    expect(claims(own)).toHaveLength(1);
  });

  test("is none any more behind its time, and at another epoch than the next one", () => {
    for (const wanted of [
      { epoch: 2, untilMs: 10 },
      { epoch: 3, untilMs: 1000 },
      { epoch: 1, untilMs: 1000 },
    ]) {
      const own = keeper({ armed: false });
      own.tell({ is: "wanted", wanted }, 0);
      own.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
      own.answer("done", vacant, 10);
      expect({ wanted, claims: claims(own) }).toEqual({ wanted, claims: [] });
    }
  });

  test("asks etcd more often until the lease is this region's, and no longer than it is wanted", () => {
    const own = keeper({ armed: false });
    const askedUntil = (fromMs: number, toMs: number) => {
      const before = own.asked().length;
      for (let nowMs = fromMs; nowMs < toMs; nowMs += 10) own.tell({ is: "tick" }, nowMs);
      return own.asked().length - before;
    };
    expect(askedUntil(0, 1000)).toBe(1000 / config.renewMs);
    own.tell({ is: "wanted", wanted: { epoch: 2, untilMs: 2000 } }, 1000);
    expect(askedUntil(1000, 2000)).toBeGreaterThanOrEqual(19);
    expect(askedUntil(2000, 3000)).toBe(1000 / config.renewMs);
  });

  test("what is opened is known to be: it is opened once, and its port at once", () => {
    const own = keeper({ armed: false });
    const mine = { region: "primary", epoch: 2 };
    const alone = { value: { regions: ["primary"], joined: false }, revision: 9 };
    const claimed = { ...vacant, revision: 22, epoch: 2, writer: { value: mine, revision: 22 } };
    own.tell({ is: "wanted", wanted: { epoch: 2, untilMs: 1000 } }, 0);
    own.tell({ is: "facts", facts: standby, askedMs: 0 }, 0);
    own.answer("done", vacant, 10);
    own.answer("done", claimed, 20);
    const ended = (nowMs: number) =>
      own.tell({ is: "ended", id: own.asked().length + own.verbs().length, ok: true }, nowMs);
    ended(60);
    own.answer("done", { ...claimed, revision: 23, sync: alone }, 70);
    expect(ended(90)).toContainEqual({ do: "port", untilMs: 60 + config.softMs });
    const open = { ...facts, epoch: 2, waits: [], followers: [] };
    own.tell({ is: "facts", facts: open, askedMs: 100 }, 100);
    expect(own.verbs().map(({ name }) => name)).toEqual(["prepare", "open"]);
  });
});
