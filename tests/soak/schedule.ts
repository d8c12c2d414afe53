/** Which moments of a run are chosen to interrupt it: the same for the same seed. Pure. */

export type Blow = "kill" | "interrupt" | "interrupt-twice" | "hang-up";

/**
 * When it comes: after a line of progress, from 1; or, where a live terminal is drawn upon and there are no lines, at a
 * fraction of the seconds that the undisturbed run took.
 */
export type When = { line: number } | { fraction: number };

export interface Moment {
  verb: "provision" | "destroy";
  blow: Blow;
  when: When;
}

/** "line 12", "37 % of its seconds". */
export function whenText(when: When): string {
  return "line" in when ? `line ${when.line}` : `${(when.fraction * 100).toFixed(0)} % of its seconds`;
}

/** mulberry32, https://gist.github.com/tommyettinger/46a874533244883189143505d203312c: small, seeded, good enough. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * `count` moments spread over a run of `lines` lines: one at random in each of `count` equal parts, so that none of
 * the run is left out.
 */
export function spread(count: number, lines: number, random: () => number): number[] {
  if (count < 1 || lines < count) throw new Error(`${count} moments don't fit into ${lines} lines`);
  const lastOf = (part: number) => Math.floor((part * lines) / count);
  return Array.from({ length: count }, (_, i) => {
    const size = lastOf(i + 1) - lastOf(i);
    return lastOf(i) + 1 + Math.floor(random() * size);
  });
}

/** Neither before a run holds its lock nor, on a machine that is faster this time, after its end. */
const fractions = { first: 0.05, last: 0.9 };

/** `count` fractions of a run, one at random in each of `count` equal parts of what is between the first and the last. */
export function spreadFractions(count: number, random: () => number): number[] {
  const part = (fractions.last - fractions.first) / count;
  return Array.from({ length: count }, (_, i) => fractions.first + (i + random()) * part);
}

/**
 * Kills over a cold provision and a destroy, and the gentler ends of a run. A destroy comes between two provisions as
 * long as there are any: each then begins with what the one before it left.
 */
export function schedule(
  seed: number,
  lines: { provision: number; destroy: number },
  kills: { provision: number; destroy: number },
): Moment[] {
  const random = randomFrom(seed);
  const over = (verb: Moment["verb"], blow: Blow, count: number): Moment[] =>
    spread(count, lines[verb], random).map((line) => ({ verb, blow, when: { line } }));
  const hangUps = (count: number): Moment[] =>
    spreadFractions(count, random).map((fraction) => ({
      verb: "provision",
      blow: "hang-up",
      when: { fraction },
    }));
  const provisions = [
    ...over("provision", "kill", kills.provision),
    ...over("provision", "interrupt", 1),
    ...over("provision", "interrupt-twice", 1),
    ...hangUps(1),
  ];
  const destroys = [...over("destroy", "kill", kills.destroy), ...over("destroy", "interrupt", 1)];
  const woven = provisions.flatMap((moment, i) => [moment, ...destroys.slice(i, i + 1)]);
  return [...woven, ...destroys.slice(provisions.length)];
}
