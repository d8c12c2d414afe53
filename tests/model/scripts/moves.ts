import type { Change, Durability } from "../../../automation/keeper/store.ts";
import type { World } from "../world.ts";

/** A schedule by hand: one that broke an earlier wording of the rules (writer.md), or shows one rule alone. */
export interface Script {
  name: string;
  /** Two, where nothing else is said. */
  regions?: readonly string[];
  /** `bounded`, where nothing else is said. */
  durability?: Durability;
  unborn?: boolean;
  run(world: World): void;
}

export const [primary, secondary, tertiary] = ["primary", "secondary", "tertiary"] as const;

export const inSync = (world: World) => (world.etcd.store.sync?.value.regions ?? []).join();
export const writerOf = (world: World) => world.etcd.store.writer?.value;

/** A `put-sync` that takes a region in, as it is on its way. */
export const adds = (region: string) => (change: Change) =>
  change.kind === "put-sync" && change.sync.regions.includes(region);

export function cutBetween(world: World, one: string, other: string): void {
  world.fault({ kind: "cut", from: one, to: other });
  world.fault({ kind: "cut", from: other, to: one });
}

/** The secondary is out of `sync`, and the writer has stopped waiting for it. */
export function shrink(world: World): void {
  cutBetween(world, primary, secondary);
  world.runUntil("the set shrinks", () => inSync(world) === primary);
  world.runUntil("commits wait for nobody", () => world.host(primary).database.waits.length === 0);
}

/** The secondary's database is killed and is back at once, without what it had not applied, and can't get it again. */
export function restartCutOff(world: World): void {
  cutBetween(world, primary, secondary);
  world.fault({ kind: "kill-database", region: secondary });
  world.host(secondary).restartsMs = world.nowMs + 100;
}
