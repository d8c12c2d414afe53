import { readDuration } from "../durations.ts";
import { exitCodes, UserError } from "../errors.ts";
import type { Durability } from "../keeper/store.ts";
import type { Figures } from "./figures.ts";

/** What a drill must keep to. */
export interface Limits {
  /** Of the outage that the drill is about. */
  rtoMs: number;
  /** Acknowledged orders that may be missing; null: the loss is only shown. */
  rpoRows: number | null;
}

export interface Objective {
  name: string;
  unit: "ms" | "orders" | "writes" | "differences";
  /** At most. */
  objective: number;
  measured: number | null;
  /** Null: not measured, which counts as missed. */
  met: boolean | null;
}

/** The floors of the project's requirements ("Targets"): 30 s unplanned, 5 s planned, no loss but in `async`. */
const unplannedMs = 30_000;
const plannedMs = 5_000;

/** Reads a number of rows; a usage error that names the flag otherwise. */
export function parseRows(flag: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UserError({
    what: `${flag} is no number of orders: ${JSON.stringify(text)}`,
    next: `give a whole number of acknowledged orders that may be missing: ${flag} 0`,
    exitCode: exitCodes.usage,
  });
}

/** What counts where a flag was not given. In `async` a loss is measured and shown, and no objective unless one is given. */
export function limitsOf(
  given: { maxRto?: string | undefined; maxRpo?: string | undefined },
  { planned, durability }: { planned: boolean; durability: Durability },
): Limits {
  const { maxRto, maxRpo } = given;
  return {
    rtoMs: maxRto === undefined ? (planned ? plannedMs : unplannedMs) : readDuration("--max-rto", maxRto),
    rpoRows: maxRpo === undefined ? (durability === "async" ? null : 0) : parseRows("--max-rpo", maxRpo),
  };
}

/**
 * The figures against what they may be at most. Every drill must also have nothing doubled, nothing acknowledged by a
 * region that had lost the lease, and equal rows in the end (`differences`, null where that is not known).
 */
export function objectivesOf(figures: Figures, limits: Limits, differences: number | null): Objective[] {
  const [first, ...rest] = figures.outages;
  const about = first === undefined ? [] : outageObjectives(first, limits.rtoMs);
  // The way back is planned, whatever the drill is about.
  const back = rest.flatMap((outage) => outageObjectives(outage, outage.planned ? plannedMs : limits.rtoMs));
  const rpo =
    limits.rpoRows === null
      ? []
      : [objective("RPO: acknowledged orders lost", "orders", limits.rpoRows, figures.rpoRows)];
  return [
    ...about,
    ...back,
    ...rpo,
    objective("orders doubled", "orders", 0, worst(figures.doubled, figures.writtenTwice.length)),
    objective("writes acknowledged without the lease", "writes", 0, figures.late.all),
    objective("rows that differ in the end", "differences", 0, differences),
  ];
}

function outageObjectives(outage: Figures["outages"][number], limitMs: number): Objective[] {
  const { name, writesMs, readsMs } = outage;
  return [
    objective(`RTO of writes, ${name}`, "ms", limitMs, writesMs),
    objective(`RTO of reads, ${name}`, "ms", limitMs, readsMs),
  ];
}

/** Fewer units taken than orders there are is as wrong as more. */
function worst(doubled: number | null, twice: number): number | null {
  return doubled === null ? null : Math.max(Math.abs(doubled), twice);
}

function objective(name: string, unit: Objective["unit"], most: number, measured: number | null): Objective {
  return { name, unit, objective: most, measured, met: measured === null ? null : measured <= most };
}

/** Only what was measured and kept counts. */
export const areMet = (objectives: readonly Objective[]) => objectives.every(({ met }) => met === true);
