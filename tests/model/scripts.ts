import { converge, type RunOptions } from "./schedules.ts";
import { claims } from "./scripts/claims.ts";
import { primary, type Script, secondary } from "./scripts/moves.ts";
import { outages } from "./scripts/outages.ts";
import { syncSet } from "./scripts/sync-set.ts";
import type { Violation } from "./world/judge.ts";
import { World } from "./world.ts";

export const scripts: readonly Script[] = [...claims, ...syncSet, ...outages];

/** Plays a script, then heals and asks as of any schedule whether all is well. */
export function playScript(script: Script, options: Omit<RunOptions, "regions">): readonly Violation[] {
  const regions = script.regions ?? [primary, secondary];
  const world = new World({ seed: 11, drift: 0.001, ...options, regions });
  world.runFor(4000);
  script.run(world);
  const { violations } = world.judge;
  if (violations.length > 0) return violations;
  world.fault({ kind: "heal" });
  const late = converge(world, options.durability);
  return [...violations, ...late];
}
