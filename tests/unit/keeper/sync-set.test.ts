import { describe, expect, test } from "@jest/globals";
import type { Store } from "../../../automation/keeper/store.ts";
import { facts, keeper, store } from "./support.ts";

/** A keeper that has just begun beside an open database of its region, and has renewed its lease at 350. */
function begun(seen: Store, own = facts) {
  const one = keeper();
  one.tell({ is: "facts", facts: own, askedMs: 0 }, 0);
  one.answer("done", seen, 50);
  one.tell({ is: "tick" }, 300);
  one.answer("done", seen, 350);
  return one;
}

/** The last write of the sync set that was asked for. */
const put = (one: ReturnType<typeof keeper>) =>
  one
    .asked()
    .map(({ change }) => change)
    .findLast((change) => change?.kind === "put-sync");

const alone: Store = { ...store, sync: { value: { regions: ["primary"], joined: true }, revision: 4 } };

describe("a keeper that has just begun", () => {
  test("opens what is open: an opening that was cut short has left the port shut", () => {
    const one = begun(store);
    expect(one.asked().at(-1)?.change).toMatchObject({ kind: "put-sync", sync: store.sync?.value });
    one.answer("done", { ...store, revision: 6 }, 400);
    expect(one.verbs()).toEqual([{ name: "open", epoch: 1, regions: ["secondary"] }]);
  });
});

describe("the server's own word of whom commits wait for", () => {
  /** As the set has it, and told so by the server. */
  function settled() {
    const one = begun(store);
    const answered = one.answer("done", { ...store, revision: 6 }, 400);
    const [verb] = answered.filter((effect) => effect.do === "run");
    one.tell({ is: "ended", id: verb?.id ?? 0, ok: true }, 450);
    one.tell({ is: "facts", facts, askedMs: 460 }, 460);
    return one;
  }

  test.each([{ waits: [] }, { waits: null }])(
    "$waits: the wait is set again, behind a write of the set",
    ({ waits }) => {
      const one = settled();
      const before = one.verbs().length;
      expect(put(one)?.sync).toEqual(store.sync?.value);
      one.tell({ is: "facts", facts: { ...facts, waits }, askedMs: 500 }, 500);
      one.answer("done", { ...store, revision: 7 }, 550);
      expect(one.verbs().slice(before)).toEqual([{ name: "open", epoch: 1, regions: ["secondary"] }]);
    },
  );

  test("as it was set: nothing is done", () => {
    const one = settled();
    const before = one.verbs().length;
    one.tell({ is: "facts", facts, askedMs: 500 }, 500);
    expect(one.verbs().length).toBe(before);
    expect(one.asked().at(-1)?.change?.kind).not.toBe("put-sync");
  });
});

describe("another durability", () => {
  const nobodyFollows = { ...facts, waits: [], followers: [] };

  /** Settled, alone, in bounds: commits wait for nobody, and nobody could be added. */
  function settledAlone() {
    const one = begun(alone, nobodyFollows);
    const answered = one.answer("done", { ...alone, revision: 6 }, 400);
    const [verb] = answered.filter((effect) => effect.do === "run");
    one.tell({ is: "ended", id: verb?.id ?? 0, ok: true }, 450);
    one.tell({ is: "facts", facts: nobodyFollows, askedMs: 460 }, 460);
    return one;
  }

  test("is in force also while the writer is alone: strict waits for a standby that is away", () => {
    const one = settledAlone();
    const strict: Store = { ...alone, revision: 8, durability: "strict" };
    const before = one.verbs().length;
    one.tell({ is: "tick" }, 600);
    one.answer("done", strict, 650);
    expect(one.asked().at(-1)?.change).toMatchObject({ kind: "put-sync", sync: alone.sync?.value });
    one.answer("done", { ...strict, revision: 9 }, 700);
    expect(one.verbs().slice(before)).toEqual([{ name: "sync", epoch: 1, regions: ["secondary"] }]);
  });

  test("changes nothing where it wants what is there: nothing is written while it stays", () => {
    const one = settledAlone();
    const before = one.asked().filter(({ change }) => change?.kind === "put-sync").length;
    one.tell({ is: "tick" }, 600);
    one.answer("done", { ...alone, revision: 8, durability: "bounded" }, 650);
    expect(one.asked().filter(({ change }) => change?.kind === "put-sync")).toHaveLength(before);
  });
});

describe("an etcd that was made anew", () => {
  const anew: Store = {
    ...store,
    revision: 3,
    writer: { value: { region: "primary", epoch: 1 }, revision: 2 },
    sync: { value: { regions: ["primary"], joined: false }, revision: 2 },
  };

  test("is believed although it counts from one: what was asked for later is what is there", () => {
    const one = begun({ ...store, revision: 900 });
    one.tell({ is: "tick" }, 600);
    one.answer("done", anew, 650);
    one.tell({ is: "tick" }, 1900);
    one.answer("done", { ...anew, revision: 4 }, 1950);
    one.tell({ is: "tick" }, 2200);
    one.answer("done", { ...anew, revision: 5 }, 2250);
    expect(put(one)).toMatchObject({ syncRevision: 2 });
  });

  test("an answer that was overtaken is none: it was asked for before the newer one was heard", () => {
    const one = keeper();
    one.tell({ is: "facts", facts: { ...facts, open: false }, askedMs: 0 }, 0);
    const [early] = one.asked();
    one.tell({ is: "tick" }, 300);
    one.answer("done", { ...store, revision: 900 }, 350);
    one.tell({ is: "answer", id: early?.id ?? 0, outcome: "done", store: anew }, 360);
    one.tell({ is: "tick" }, 600);
    one.answer("done", { ...store, revision: 901 }, 650);
    expect(put(one)).toMatchObject({ syncRevision: 4 });
  });
});
