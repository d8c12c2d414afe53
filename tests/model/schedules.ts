import fc from "fast-check";
import type { Durability } from "../../automation/keeper/store.ts";
import type { Fault } from "./world/faults.ts";
import type { Violation } from "./world/judge.ts";
import { third } from "./world/network.ts";
import type { WorldOptions } from "./world/options.ts";
import { World } from "./world.ts";

/** A fault and its moment, counted from the fault before it. */
export interface Moment {
  afterMs: number;
  fault: Fault;
}

export interface Schedule {
  seed: number;
  moments: readonly Moment[];
}

export interface Outcome {
  violations: readonly Violation[];
  world: World;
}

export type RunOptions = Omit<WorldOptions, "seed" | "drift">;

const settledWithinMs = 60_000;

/** Runs the schedule, then heals everything, lets an operator reinstate, and asks whether the site is well again. */
export function play({ seed, moments }: Schedule, options: RunOptions): Outcome {
  const world = new World({ seed, drift: 0.002, ...options });
  const { violations } = world.judge;
  world.runFor(3000);
  for (const { afterMs, fault } of moments) {
    world.runFor(afterMs);
    if (violations.length > 0) return { violations, world };
    world.fault(fault);
  }
  world.runFor(4000);
  world.fault({ kind: "heal" });
  const late = converge(world, options.durability);
  return { violations: [...violations, ...late], world };
}

/** Waits until the site writes again with as many in `sync` as it should have; ends early where a rule was broken. */
export function converge(world: World, durability: Durability): Violation[] {
  const { acknowledged, violations } = world.judge;
  const before = acknowledged.length;
  const healedMs = world.nowMs;
  while (world.nowMs < healedMs + settledWithinMs) {
    world.runFor(2000);
    world.operator.mend();
    const writes = acknowledged.length > before && world.nowMs - world.judge.lastAckMs < 1000;
    const { store } = world.etcd;
    const set = store.sync?.value.regions ?? [];
    const wanted = (store.durability ?? durability) === "async" ? 1 : 2;
    if (writes && set.length === wanted && world.nowMs - healedMs > 10_000) return [];
    if (violations.length > 0) return [];
  }
  return [{ what: "the site did not come back by itself", atMs: world.nowMs }];
}

/** Random schedules: mostly a few faults of all kinds, seconds apart. */
export function schedules(regions: readonly string[]): fc.Arbitrary<Schedule> {
  const region = fc.constantFrom(...regions);
  const place = fc.constantFrom(...regions, third);
  const fault: fc.Arbitrary<Fault> = fc.oneof(
    fc.record({ kind: fc.constant("cut" as const), from: place, to: place }),
    fc.constant({ kind: "heal" as const }),
    fc.record({
      kind: fc.constant("durability" as const),
      to: fc.constantFrom("bounded", "strict", "async"),
    }),
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant("paused" as const), is: fc.boolean() }) },
      { weight: 1, arbitrary: fc.constant({ kind: "etcd-anew" as const }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant("fence" as const), region }) },
    ),
    fc.record({
      kind: fc.constantFrom("answers-late" as const, "facts-late" as const),
      region,
      byMs: fc.integer({ min: 100, max: 2500 }),
    }),
    fc.record({
      kind: fc.constantFrom("pause" as const, "resume" as const, "off" as const, "on" as const),
      region,
    }),
    fc.record({
      kind: fc.constantFrom(
        "kill-keeper" as const,
        "kill-database" as const,
        "slow-replica" as const,
        "slow-apply" as const,
        "slow-verbs" as const,
      ),
      region,
    }),
    fc.record({
      kind: fc.constantFrom("messages-late" as const, "answers-lost" as const, "no-etcd" as const),
      region,
      forMs: fc.integer({ min: 500, max: 5000 }),
    }),
  );
  const moment = fc.record({ afterMs: fc.integer({ min: 0, max: 5000 }), fault });
  return fc.record({
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    moments: fc.array(moment, { minLength: 1, maxLength: 14 }),
  });
}
