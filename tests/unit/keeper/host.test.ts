import { describe, expect, test } from "@jest/globals";
import { Receiving, Waits } from "../../../automation/keeper/feed.ts";
import { wordsOf } from "../../../automation/keeper/verbs.ts";

describe("commits that wait", () => {
  test("are as old as the oldest that is still there, however many come and go beside it", () => {
    const waits = new Waits();
    expect(waits.oldestMs([], 0)).toBe(0);
    expect(waits.oldestMs(["7:1"], 100)).toBe(0);
    expect(waits.oldestMs(["7:1", "8:1"], 600)).toBe(500);
    expect(waits.oldestMs(["8:1"], 900)).toBe(300);
  });

  test("one that ended is forgotten: a session's next commit begins anew", () => {
    const waits = new Waits();
    waits.oldestMs(["7:1"], 0);
    expect(waits.oldestMs(["7:2"], 5000)).toBe(0);
    waits.oldestMs([], 5100);
    expect(waits.oldestMs(["7:2"], 9000)).toBe(0);
  });
});

describe("the words of a verb", () => {
  test("name epoch and regions, nobody as `none`, and have a deadline", () => {
    expect(wordsOf({ name: "sync", epoch: 3, regions: ["b", "c"] })).toEqual([
      "sync",
      "--epoch",
      "3",
      "b",
      "c",
      "--deadline",
      "15",
    ]);
    expect(wordsOf({ name: "open", epoch: 3, regions: [] })).toEqual([
      "open",
      "--epoch",
      "3",
      "none",
      "--deadline",
      "30",
    ]);
    expect(wordsOf({ name: "mark", epoch: 3, region: "b" }).slice(0, 5)).toEqual([
      "mark",
      "--epoch",
      "3",
      "--region",
      "b",
    ]);
    expect(wordsOf({ name: "receive" })).toEqual(["receive", "--deadline", "60"]);
  });

  test("a fence says who it is by: an operator's is not to be undone by a keeper", () => {
    expect(wordsOf({ name: "fence" }).slice(0, 3)).toEqual(["fence", "--by", "keeper"]);
  });
});

describe("whom a standby receives from", () => {
  const on = { running: true, receivesFrom: "a" };
  const off = { running: true, receivesFrom: null };

  test("is not lost where its receiver only begins anew", () => {
    const receiving = new Receiving();
    expect(receiving.from(on, 0)).toBe("a");
    expect(receiving.from(off, 1000)).toBe("a");
    expect(receiving.from(on, 1200)).toBe("a");
    expect(receiving.from(off, 2600)).toBe("a");
  });

  test("is nobody where that lasts, where it never was, and at once where the server was down", () => {
    const receiving = new Receiving();
    expect(receiving.from(off, 0)).toBeNull();
    receiving.from(on, 100);
    expect(receiving.from(off, 1600)).toBeNull();
    receiving.from(on, 1700);
    expect(receiving.from({ running: false, receivesFrom: null }, 1800)).toBeNull();
    expect(receiving.from(off, 1900)).toBeNull();
  });
});
