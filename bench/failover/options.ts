import { parseArgs } from "node:util";
import { exitCodes, UserError } from "../../automation/errors.ts";
import { distancesMs } from "../../tests/lab/support/distance.ts";

/** What `npm run bench:failover` is told. Pure. */

export const arms = ["patroni", "evenkeel"] as const;
export type Arm = (typeof arms)[number];

export interface Options {
  arms: readonly Arm[];
  /** Of our own arm; null where that one is not run. */
  site: string | null;
  rounds: number;
  roundTripMs: number;
}

/** p50 and p95 are over at least so many. Fewer are a trial, which is shown and not written down. */
export const leastRounds = 20;
const mostRounds = 100;

/** Throws a usage error (exit 2) that names the flag and gives a command that works. */
export function optionsOf(argv: readonly string[]): Options {
  const text = { type: "string" } as const;
  let values: { site?: string; only?: string; rounds?: string; "round-trip-ms"?: string };
  try {
    const options = { site: text, only: text, rounds: text, "round-trip-ms": text };
    ({ values } = parseArgs({ args: [...argv], options }));
  } catch (error) {
    throw usage((error as Error).message);
  }
  const chosen = values.only === undefined ? arms : arms.filter((arm) => arm === values.only);
  if (chosen.length === 0) throw usage(`--only takes ${arms.join(" or ")}`);
  return {
    arms: chosen,
    site: siteOf(values.site, chosen),
    rounds: roundsOf(values.rounds ?? String(leastRounds)),
    roundTripMs: distanceOf(values["round-trip-ms"] ?? "0"),
  };
}

function siteOf(site: string | undefined, chosen: readonly Arm[]): string | null {
  if (!chosen.includes("evenkeel")) {
    if (site === undefined) return null;
    throw usage("--site: Patroni's arm makes its own hosts and takes no site");
  }
  if (site === undefined) throw usage("--site names no site");
  if (!/^[a-z][a-z0-9-]*$/.test(site)) throw usage(`--site: ${JSON.stringify(site)} is no site's name`);
  return site;
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= mostRounds) return rounds;
  throw usage(`--rounds takes a whole number from 1 to ${mostRounds}`);
}

function distanceOf(text: string): number {
  const found = distancesMs.find((one) => String(one) === text);
  if (found === undefined) throw usage(`--round-trip-ms takes one of ${distancesMs.join(", ")}`);
  return found;
}

function usage(what: string): UserError {
  return new UserError({
    what,
    next: "npm run bench:failover -- --site proof --rounds 20 --round-trip-ms 0",
    exitCode: exitCodes.usage,
  });
}
