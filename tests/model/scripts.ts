import { converge, type RunOptions } from "./schedules.ts";
import { claims } from "./scripts/claims.ts";
import { durability } from "./scripts/durability.ts";
import { primary, type Script, secondary } from "./scripts/moves.ts";
import { operators } from "./scripts/operators.ts";
import { outages } from "./scripts/outages.ts";
import { syncSet } from "./scripts/sync-set.ts";
import type { Violation } from "./world/judge.ts";
import { World } from "./world.ts";

export const scripts: readonly Script[] = [...claims, ...syncSet, ...durability, ...operators, ...outages];

export type ScriptOptions = Omit<RunOptions, "regions" | "durability" | "unborn">;

/** Plays a script, then heals and asks as of any schedule whether all is well. */
export function playScript(script: Script, options: ScriptOptions): readonly Violation[] {
  const { regions = [primary, secondary], durability = "bounded", unborn = false } = script;
  const world = new World({ seed: 11, drift: 0.001, ...options, regions, durability, unborn });
  world.runFor(4000);
  script.run(world);
  const { violations } = world.judge;
  if (violations.length > 0) return violations;
  world.fault({ kind: "heal" });
  const late = converge(world, durability);
  return [...violations, ...late];
}
