import type { Step } from "./recipe.ts";

/** The order of a recipe's steps. Pure. */

/**
 * Level of each step by id: 0 for one that waits for nothing, else one above the highest that it waits for. Throws on
 * a circle and on a step that waits for one that isn't there.
 */
export function levelsOf(steps: readonly Pick<Step, "id" | "after">[]): Map<string, number> {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const levels = new Map<string, number>();
  const visit = (id: string, above: readonly string[]): number => {
    const known = levels.get(id);
    if (known !== undefined) return known;
    if (above.includes(id)) throw new Error(`a circle of steps: ${[...above, id].join(", ")}`);
    const step = byId.get(id);
    if (step === undefined) throw new Error(`${above.at(-1)} waits for ${id}, which isn't there`);
    const level = Math.max(-1, ...step.after.map((one) => visit(one, [...above, id]))) + 1;
    levels.set(id, level);
    return level;
  };
  for (const { id } of steps) visit(id, []);
  return levels;
}

/** Where a step stands in the playbook: one play after the other, in a play one lane a host, each in its own pace. */
export interface Place {
  play: number;
  lane: string;
  /** Its turn in its lane. */
  turn: number;
}

/**
 * What the playbook would do too early, one sentence each; empty where it keeps every order of the recipe. With the
 * strategy "free" the lanes of a play don't wait for one another, so only an earlier play or turn counts.
 */
export function orderProblems(
  steps: readonly Pick<Step, "id" | "after">[],
  places: ReadonlyMap<string, Place>,
): string[] {
  const missing = steps.filter(({ id }) => !places.has(id)).map(({ id }) => `${id} is in no play`);
  const early = steps.flatMap(({ id, after }) =>
    after
      .filter((before) => !isBefore(places.get(before), places.get(id)))
      .map((before) => `${id} may come before ${before}`),
  );
  return [...missing, ...early];
}

function isBefore(one: Place | undefined, other: Place | undefined): boolean {
  if (one === undefined || other === undefined) return false;
  if (one.play !== other.play) return one.play < other.play;
  return one.lane === other.lane && one.turn < other.turn;
}
