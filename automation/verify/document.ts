import { type apiVersion, table } from "../output.ts";
import type { Comparison, Difference, Unsettled } from "./model.ts";

/** What `verify --format json` prints. */
export interface VerifyDocument {
  apiVersion: typeof apiVersion;
  site: string;
  active: string;
  epoch: number | null;
  standbys: StandbyReport[];
}

export interface StandbyReport extends Comparison {
  region: string;
  seconds: number;
  /** What it holds that the active region never wrote, in the engine's notation; null where there is nothing. */
  errant: string | null;
  /** Why its rows could not be compared; null where they were. */
  unknown: string | null;
}

/**
 * What is left to compare where nothing differs and nothing is unknown but rows that change too often; empty where all
 * rows are equal, null where more than that speaks against it.
 */
export function leftToCompare({ standbys }: VerifyDocument): Unsettled[] | null {
  const isWell = ({ differences, errant, unknown }: StandbyReport) =>
    differences.length === 0 && errant === null && unknown === null;
  return standbys.length > 0 && standbys.every(isWell)
    ? standbys.flatMap(({ unsettled }) => unsettled)
    : null;
}

export type Verdict = "equal" | "different" | "unknown";

function verdictOf({ differences, changing, errant, unknown }: StandbyReport): Verdict {
  if (differences.length > 0 || errant !== null) return "different";
  return unknown !== null || changing.length > 0 ? "unknown" : "equal";
}

/** Of all standbys; a site without one has nothing that is equal. */
export function verdict({ standbys }: VerifyDocument): Verdict {
  const all = standbys.map(verdictOf);
  if (all.includes("different")) return "different";
  return all.length === 0 || all.includes("unknown") ? "unknown" : "equal";
}

/** So many are named for people; the JSON has all. */
const named = 20;

const words: Record<Difference["kind"], string> = {
  "table-missing": "the table is missing",
  "table-extra": "the active region has no such table",
  "columns-differ": "its columns differ",
  "row-missing": "the row is missing",
  "row-extra": "the active region has no such row",
  "row-differs": "the row differs",
  "rows-differ": "rows differ (the table has no key to name them by)",
};

export function verifyTable(document: VerifyDocument): string {
  const { active, standbys } = document;
  if (standbys.length === 0) return `${active} is active, and there is no standby to compare with.\n`;
  const rows = standbys.map((one) => [
    one.region,
    active,
    verdictOf(one),
    one.tables,
    one.rows,
    one.seconds.toFixed(1),
    one.seconds === 0 ? null : Math.round(one.rows / one.seconds),
  ]);
  const head = table(["Standby", "Active", "Rows are", "Tables", "Rows", "Seconds", "Rows/s"], rows);
  return [head, ...standbys.flatMap(linesOf)].join("");
}

function linesOf(report: StandbyReport): string[] {
  const { region, differences, changing, errant, unknown } = report;
  const where = (at: { table: string; key: readonly string[] | null }) =>
    `${region}: ${at.table}${at.key === null ? "" : ` ${at.key.join(", ")}`}`;
  const lines = [
    ...(unknown === null ? [] : [`${region}: ${unknown}`]),
    ...(errant === null ? [] : [`${region}: holds what the active region never wrote: ${errant}`]),
    ...differences.slice(0, named).map((one) => `${where(one)}: ${words[one.kind]}`),
    ...(differences.length > named
      ? [`${region}: and ${differences.length - named} more (--format json)`]
      : []),
    ...changing.slice(0, named).map((one) => `${where(one)}: changes too often to be compared`),
  ];
  return lines.map((line) => `! ${line}\n`);
}
