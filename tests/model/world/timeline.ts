import { type Random, randomFrom } from "./random.ts";

/** What all parts of a world share: the true time, one chance for all, and a record of what came to pass. */
export class Timeline {
  nowMs = 0;
  readonly random: Random;
  readonly trace: string[] = [];

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  note(what: string): void {
    this.trace.push(`${this.nowMs} ${what}`);
  }
}
