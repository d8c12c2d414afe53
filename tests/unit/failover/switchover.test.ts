import { describe, expect, test } from "@jest/globals";
import { rowsOf } from "../../../automation/failover/plan.ts";
import { proofIsDue } from "../../../automation/failover/switchover.ts";
import { claim, close, firstWorld, open, seenIn } from "./world.ts";

describe("the proof of a failback", () => {
  const wish = { kind: "switchover", from: "primary", to: "secondary" } as const;
  const promotion = {
    do: "promote",
    region: "secondary",
    epoch: 2,
    byForce: false,
    confirmedOff: [],
  } as const;

  test("is due until the new writer has the lease, whatever was cut before; behind that it was made", () => {
    const world = firstWorld();
    const due = () => {
      const seen = seenIn(world);
      return proofIsDue(rowsOf(wish, seen), seen, wish.to);
    };
    expect(due()).toBe(true);
    close(world, "primary");
    expect(due()).toBe(true);
    claim(world, promotion);
    expect(due()).toBe(false);
    open(world, "secondary");
    expect(due()).toBe(false);
  });

  test("is not for steps that open nothing", () => {
    const seen = seenIn(firstWorld());
    const rows = rowsOf(wish, seen).filter(({ name }) => name === "traffic");
    expect(proofIsDue(rows, seen, wish.to)).toBe(false);
  });
});
