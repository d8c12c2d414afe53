import { describe, expect, test } from "@jest/globals";
import { config, here, keeper, openKeeper } from "./gate-keeper.ts";

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
