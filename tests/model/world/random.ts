/** Numbers from a seed (mulberry32), so that a run can be told by one number and run again. */
export function randomFrom(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    /** True once in so many. */
    oneIn: (count: number) => next() * count < 1,
    /** A whole number from `low` up to `high`, both included. */
    between: (low: number, high: number) => low + Math.floor(next() * (high - low + 1)),
  };
}

export type Random = ReturnType<typeof randomFrom>;
