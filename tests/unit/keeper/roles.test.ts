import { describe, expect, test } from "@jest/globals";
import type { DatabaseFacts } from "../../../automation/keeper/state.ts";
import type { Store } from "../../../automation/keeper/store.ts";
import { config, facts, keeper, others, standby, store } from "./support.ts";

/** Facts, a look, and the facts again: what the keeper begins then. */
function meets(own: DatabaseFacts, seen: Store) {
  const one = keeper();
  one.tell({ is: "facts", facts: own, askedMs: 0 }, 0);
  one.tell({ is: "tick" }, 0);
  one.answer("done", seen, 10);
  one.tell({ is: "facts", facts: own, askedMs: 15 }, 16);
  return one;
}

const changes = (one: ReturnType<typeof keeper>) =>
  one.asked().flatMap(({ change }) => (change === null ? [] : [change.kind]));

describe("a host that holds nothing", () => {
  const unseeded = { ...facts, role: "unseeded", epoch: 0, open: false, followers: [] } as const;
  const named = {
    ...others,
    sync: { value: { regions: ["primary", "secondary"], joined: true }, revision: 4 },
  };

  test("leaves the sync set that an earlier machine of its region is still in, and receives nothing", () => {
    const one = meets(unseeded, named);
    expect(one.asked().at(-1)?.change).toEqual({
      kind: "leave",
      region: "primary",
      syncRevision: 4,
      sync: { regions: ["secondary"], joined: true },
    });
    one.answer("done", { ...named, revision: 6 }, 20);
    expect(one.verbs()).toEqual([]);
  });

  test("leaves nothing where it is not named", () => {
    const without = { ...others, sync: { value: { regions: ["secondary"], joined: true }, revision: 4 } };
    expect(changes(meets(unseeded, without))).toEqual([]);
  });

  test("keeps a lease that was seen later than its role was asked for: birth writes the one just before the other", () => {
    const one = keeper();
    one.tell({ is: "facts", facts: unseeded, askedMs: 0 }, 5);
    one.tell({ is: "tick" }, 10);
    one.answer("done", store, 20);
    expect(changes(one)).toEqual([]);
    one.tell({ is: "facts", facts: { ...facts, open: false }, askedMs: 100 }, 110);
    one.tell({ is: "tick" }, 300);
    expect(changes(one)).toEqual(["renew"]);
  });

  test("is fenced where somebody opened it, but not in the middle of its birth: PostgreSQL is open then", () => {
    const open = { ...unseeded, open: true } as const;
    expect(meets(open, store).verbs()).toContainEqual({ name: "fence" });
    expect(meets({ ...open, begun: "birth" }, store).verbs()).toEqual([]);
    expect(meets({ ...facts, role: "standby", open: true, begun: "birth" }, store).verbs()).toContainEqual({
      name: "fence",
    });
  });

  test("a standby that does not receive leaves, and receives then", () => {
    const one = meets({ ...standby, receivesFrom: null }, named);
    one.answer("done", { ...named, revision: 6 }, 20);
    expect(one.verbs()).toEqual([{ name: "receive" }]);
  });

  test("a standby that was told to receive and does not is told again after a while, not at once", () => {
    const silent = { ...standby, receivesFrom: null };
    const one = meets(silent, named);
    const began = one.answer("done", { ...named, revision: 6 }, 20).find((effect) => effect.do === "run");
    one.tell({ is: "ended", id: began?.id ?? 0, ok: true }, 100);
    const leaves = () => changes(one).filter((kind) => kind === "leave").length;
    one.tell({ is: "facts", facts: silent, askedMs: 200 }, 200);
    expect(leaves()).toBe(1);
    one.tell({ is: "facts", facts: silent, askedMs: 5200 }, 5200);
    expect(leaves()).toBe(2);
  });
});

test("a writer that is closed reopens, but not what its operator is closing", () => {
  const held = (begun: "demote" | null) => {
    const closed = { ...facts, open: false, begun };
    const one = meets(closed, store);
    one.tell({ is: "tick" }, 300);
    one.answer("done", store, 310);
    one.tell({ is: "facts", facts: closed, askedMs: 320 }, 320);
    return changes(one);
  };
  expect(held(null)).toContain("put-sync");
  expect(held("demote")).toEqual(["renew"]);
});

describe("a host that its operator fenced", () => {
  const fenced = { ...facts, role: "fenced", open: false } as const;

  test("gives its lease back", () => {
    expect(changes(meets(fenced, store))).toContain("give-back");
  });

  test("takes nothing where it has none, and nothing that is vacant", () => {
    expect(changes(meets(fenced, others))).toEqual([]);
    expect(changes(meets(fenced, { ...store, writer: null }))).toEqual([]);
  });

  test("one that its keeper alone fenced claims what is vacant while it is in sync", () => {
    expect(changes(meets({ ...fenced, mayReturn: true }, { ...store, writer: null }))).toEqual(["claim"]);
  });

  test("one that its keeper alone fenced opens no epoch again: it gives the lease back, for the next one", () => {
    expect(changes(meets({ ...fenced, mayReturn: true }, store))).toEqual(["give-back"]);
  });
});

test("a fence that was cut short is begun anew, once it is long past its deadline", () => {
  const one = keeper();
  const fencing = { ...standby, begun: "fence" } as const;
  const told = (nowMs: number, begun: "fence" | null = "fence") =>
    one.tell({ is: "facts", facts: { ...fencing, begun }, askedMs: nowMs }, nowMs);
  one.tell({ is: "tick" }, 0);
  one.answer("done", others, 10);
  told(100);
  told(20_000);
  told(20_200, null);
  told(20_400);
  told(20_400 + config.fenceMs - 1);
  expect(one.verbs()).toEqual([]);
  told(20_400 + config.fenceMs);
  expect(one.verbs()).toEqual([{ name: "fence" }]);
});

describe("an active database that is down", () => {
  const down = { ...facts, running: false, open: false };

  test("is not opened by its keeper, which goes on renewing for as long as a restart takes", () => {
    const one = meets(down, store);
    one.tell({ is: "tick" }, 300);
    expect(changes(one)).toEqual(["renew"]);
    expect(one.verbs()).toEqual([]);
  });

  test("claims nothing that is vacant", () => {
    expect(changes(meets(down, { ...store, writer: null }))).toEqual([]);
  });

  test("once it is up it is opened, by an answer of etcd", () => {
    const one = meets({ ...facts, open: false }, store);
    one.tell({ is: "tick" }, 300);
    one.answer("done", store, 310);
    expect(changes(one)).toEqual(["renew", "put-sync"]);
  });
});

describe("a database that somebody opened by hand", () => {
  test.each(["standby", "fenced", "unseeded"] as const)("is fenced where its role is %s", (role) => {
    const one = meets({ ...standby, role, open: true }, others);
    expect(one.verbs()).toEqual([{ name: "fence" }]);
  });

  test("is left alone where it is the writer's, and where it is closed", () => {
    expect(meets(facts, store).verbs()).toEqual([]);
    expect(meets(standby, others).verbs()).toEqual([]);
  });
});

describe("an open database without a lease", () => {
  /** Told something every 200 ms, and never answered again. */
  const ticking = (one: ReturnType<typeof keeper>, fromMs: number, untilMs: number) => {
    for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 200) {
      one.tell({ is: "facts", facts, askedMs: nowMs }, nowMs);
      one.tell({ is: "tick" }, nowMs);
    }
  };

  test("is closed itself after a while", () => {
    const one = meets(facts, store);
    ticking(one, 200, 7800);
    expect(one.verbs()).toEqual([]);
    ticking(one, 8000, 8400);
    expect(one.verbs()).toEqual([{ name: "close", epoch: 1 }]);
  });

  test("of a host that slept is not, before it had as long to renew: it renews first", () => {
    const one = meets(facts, store);
    ticking(one, 200, 600);
    one.tell({ is: "tick" }, 20_000);
    expect(one.asked().at(-1)?.change).toMatchObject({ kind: "renew" });
    ticking(one, 20_200, 27_800);
    expect(one.verbs()).toEqual([]);
    ticking(one, 28_000, 28_400);
    expect(one.verbs()).toEqual([{ name: "close", epoch: 1 }]);
  });
});
