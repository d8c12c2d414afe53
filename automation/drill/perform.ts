import { accessSync, constants } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ExitCode, exitCodes, UserError } from "../errors.ts";
import { jsonDocument, table, writeResult } from "../output.ts";
import { replaceFile } from "../site/durable.ts";
import { type DrillDocument, drillExitCode } from "./document.ts";
import { type DrillOptions, refuseUnsettled, runDrill, targetOf } from "./drill.ts";
import { limitsOf, type Objective } from "./objectives.ts";
import type { DrillKind, DrillParts } from "./parts.ts";
import { drillReport } from "./report.ts";
import { look } from "./waits.ts";

export interface DrillArgs extends DrillOptions {
  /** Where the HTML report goes; undefined: nowhere. */
  report?: string | undefined;
  format: string;
  /** Only the checks, and what would be done. */
  dryRun: boolean;
}

/** Where a drill is kept beside what the operator asked for. */
export interface Kept {
  /** Of the site's drills. */
  folder: string;
  /** Names this one. */
  run: string;
}

const mostRounds = 100;

/**
 * Holds the drill, keeps its document as `<run>.json`, writes the report, prints the result. Returns 0, 11 where an
 * objective was missed, or 14 where it stopped half-way. Throws UserError 2 or 12 before anything is touched.
 */
export async function performDrill(args: DrillArgs, parts: DrillParts, kept: Kept): Promise<ExitCode> {
  refuseWrong(args);
  if (args.dryRun) {
    await rehearse(args, parts);
    return exitCodes.ok;
  }
  const { document, attempts } = await runDrill(parts, args);
  const text = jsonDocument(document);
  replaceFile(join(kept.folder, `${kept.run}.json`), text);
  if (args.report !== undefined) {
    replaceFile(resolve(args.report), drillReport(document, attempts));
    parts.say(`The report is in ${args.report}.`);
  }
  writeResult(args.format === "json" ? text : drillTable(document));
  return sayEnd(document, parts);
}

/** What arguments alone decide (exit 2). */
export function refuseWrong({ repeat, report, kind, maxRto, maxRpo }: Omit<DrillArgs, "preferred">): void {
  limitsOf({ maxRto, maxRpo }, { planned: kind === "switchover", durability: "bounded" });
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > mostRounds)
    throw usage(`--repeat must be a whole number from 1 to ${mostRounds}`, "--repeat 1");
  if (report === undefined) return;
  const folder = dirname(resolve(report));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw usage(`--report: nothing can be written in ${folder}`, "--report FILE.html in a folder of yours");
  }
}

function usage(what: string, flags: string): UserError {
  return new UserError({ what, next: `give the command again with ${flags}`, exitCode: exitCodes.usage });
}

/** The real checks, then what would be done: nothing is touched. */
async function rehearse({ kind, repeat }: DrillArgs, parts: DrillParts): Promise<void> {
  const seen = await look(parts);
  refuseUnsettled(seen, parts);
  const [active, target] = [seen.diagnosis.active as string, targetOf(seen) as string];
  const rounds = repeat === 1 ? "once" : `${repeat} times`;
  const lines = [
    `The site may be drilled. This would be done ${rounds}:`,
    ...outlineOf(kind, active, target),
  ];
  writeResult(`${lines.join("\n")}\n`);
}

function outlineOf(kind: DrillKind, active: string, target: string): string[] {
  const back = [`the site goes back to ${active}`, "all rows are compared"];
  const steps = {
    region: [
      `every machine of ${active} is killed`,
      `failover to ${target}`,
      `${active} is reinstated`,
      ...back,
    ],
    database: [
      `the machine of ${active}'s database is killed`,
      `failover to ${target}`,
      `${active} is reinstated`,
      ...back,
    ],
    balancer: [
      `the gateway of ${active} is killed`,
      `failover to ${target}`,
      `${active} is reinstated`,
      ...back,
    ],
    web: [`the web hosts of ${active} are killed`, `switchover to ${target}`, ...back],
    link: [`${active} is cut from the other regions for ten seconds`, "all rows are compared"],
    switchover: [`switchover to ${target}`, ...back],
  }[kind];
  return ["a client orders through the public name all the time", ...steps].map(
    (line, i) => `${i + 1}. ${line}`,
  );
}

/** For people: every objective of every round. */
export function drillTable({ rounds }: Pick<DrillDocument, "rounds">): string {
  const value = (unit: Objective["unit"], one: number | null) =>
    one === null ? null : unit === "ms" ? `${Math.round(one)} ms` : String(one);
  const rows = rounds.flatMap(({ round, objectives }) =>
    objectives.map(({ name, unit, objective, measured, met }) => [
      round,
      name,
      value(unit, objective),
      value(unit, measured),
      met === null ? "not measured" : met ? "met" : "missed",
    ]),
  );
  return table(["Round", "Objective", "At most", "Measured", "Result"], rows);
}

function sayEnd(document: DrillDocument, { say }: Pick<DrillParts, "say">): ExitCode {
  const failure = document.rounds.find((round) => round.failure !== null)?.failure;
  if (failure) {
    say(`The drill stopped half-way: ${failure.what}`);
    if (failure.why !== null) say(`why:  ${failure.why}`);
    say(`next: ${failure.next}`);
  } else
    say(document.met ? "Every objective was met." : "An objective was missed, or could not be measured.");
  return drillExitCode(document);
}
