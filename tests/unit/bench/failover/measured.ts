import type { Measured } from "../../../../bench/failover/figures.ts";

/** A run of two rounds, or what is said of it. */
export const measured = (more: Partial<Measured> = {}): Measured => ({
  what: "Evenkeel, bounded",
  engine: "PostgreSQL 17.6",
  roundTripMs: 0,
  rounds: 2,
  commit: "0123456789abcdef",
  machine: "2 cores, 24 GiB of memory",
  planned: [
    { stallMs: 120.4, asked: 300, refused: 2, failed: 1 },
    { stallMs: 250, asked: 700, refused: 0, failed: 0 },
  ],
  forcedMs: [1500, 1800],
  automaticMs: null,
  back: [
    { ms: 4000, commandMs: 3000, way: "rewind" },
    { ms: 5000, commandMs: 3500, way: "rejoin" },
  ],
  acknowledged: 900,
  lost: 0,
  ...more,
});
