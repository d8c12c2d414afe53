import { describe, expect, test } from "@jest/globals";
import { cooldownOf } from "../../../automation/failover/cooldown.ts";
import { move } from "./sites.ts";

const at = (seconds: number) => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000);
const cooldown = (
  history: Parameters<typeof cooldownOf>[0]["history"],
  {
    ackedRun = null,
    seconds = 60,
    now = 30,
  }: { ackedRun?: string | null; seconds?: number; now?: number } = {},
) => cooldownOf({ history, ackedRun }, { cooldownSeconds: seconds, now: at(now) });

describe("the cool-down", () => {
  test("lasts from the end of a failover for as long as it is configured, and not a millisecond longer", () => {
    expect(cooldown([move()])).toEqual({ coolingDown: true, until: at(60), last: move() });
    expect(cooldown([move()], { now: 59.999 }).coolingDown).toBe(true);
    expect(cooldown([move()], { now: 60 })).toEqual({ coolingDown: false, until: null, last: move() });
  });

  test("is begun by no other move, and ended by none", () => {
    const others = (["switchover", "failback", "reinstate"] as const).map((kind) =>
      move({ kind, run: kind }),
    );
    expect(cooldown(others)).toEqual({ coolingDown: false, until: null, last: null });
    expect(cooldown([move(), ...others])).toMatchObject({ coolingDown: true, last: { run: "r1" } });
    expect(cooldown([])).toEqual({ coolingDown: false, until: null, last: null });
  });

  test("is ended by the acknowledgement of that failover, and of no other one", () => {
    const history = [move({ run: "r0", at: "2025-12-31T23:59:50Z" }), move()];
    expect(cooldown(history, { ackedRun: "r1" }).coolingDown).toBe(false);
    expect(cooldown(history, { ackedRun: "r0" }).coolingDown).toBe(true);
  });

  test("is none where it is configured as 0", () => {
    expect(cooldown([move()], { seconds: 0, now: 0 }).coolingDown).toBe(false);
  });

  test("holds for an operator whose clock is behind, and for a failover whose time can't be read", () => {
    expect(cooldown([move()], { now: -500 })).toMatchObject({ coolingDown: true, until: at(60) });
    const unreadable = move({ at: "noon" });
    expect(cooldown([unreadable], { now: 1e6 })).toMatchObject({ coolingDown: true, until: null });
    expect(cooldown([unreadable], { now: 1e6, ackedRun: "r1" }).coolingDown).toBe(false);
  });
});
