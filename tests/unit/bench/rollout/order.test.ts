import { describe, expect, test } from "@jest/globals";
import { levelsOf, orderProblems, type Place } from "../../../../bench/rollout/order.ts";

const step = (id: string, ...after: string[]) => ({ id, after });

describe("levels of steps", () => {
  test("a step is one above the highest that it waits for", () => {
    const levels = levelsOf([step("c", "a", "b"), step("b", "a"), step("a"), step("d")]);
    expect(Object.fromEntries(levels)).toEqual({ a: 0, b: 1, c: 2, d: 0 });
  });

  test("a circle and a step that isn't there are refused by name", () => {
    expect(() => levelsOf([step("a", "b"), step("b", "a")])).toThrow("a, b, a");
    expect(() => levelsOf([step("a", "b")])).toThrow("a waits for b");
  });
});

describe("whether a playbook keeps the order", () => {
  const steps = [step("a"), step("b", "a")];
  const problems = (a: Place, b: Place) =>
    orderProblems(
      steps,
      new Map([
        ["a", a],
        ["b", b],
      ]),
    );
  const place = (play: number, lane: string, turn: number): Place => ({ play, lane, turn });

  test("an earlier play or an earlier turn of the same lane is before", () => {
    expect(problems(place(0, "x", 5), place(1, "y", 0))).toEqual([]);
    expect(problems(place(1, "x", 0), place(1, "x", 1))).toEqual([]);
  });

  test("another lane of the same play is not, nor is a later turn or play", () => {
    expect(problems(place(1, "x", 0), place(1, "y", 1))).toEqual(["b may come before a"]);
    expect(problems(place(1, "x", 2), place(1, "x", 1))).toEqual(["b may come before a"]);
    expect(problems(place(2, "x", 0), place(1, "x", 1))).toEqual(["b may come before a"]);
  });

  test("a step that stands nowhere is named", () => {
    expect(orderProblems([step("a")], new Map())).toEqual(["a is in no play"]);
  });
});
