import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { home } from "../rollout/command.ts";
import { keyOf, type Measured } from "./figures.ts";

/** Whole runs, one file each: the page has all of them, and no single run has all arms, engines and distances. */
const folder = join(home, ".evenkeel", "bench-failover");

/** Keeps them, in place of earlier ones of the same kind. */
export function keep(measured: readonly Measured[]): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const one of measured) writeFileSync(join(folder, `${keyOf(one)}.json`), `${JSON.stringify(one)}\n`);
}

/** By distance, our own first. */
export function kept(): Measured[] {
  const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const all = files.map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Measured);
  return all.sort((one, other) => one.roundTripMs - other.roundTripMs || one.what.localeCompare(other.what));
}
