import { exitCodes, UserError } from "../errors.ts";
import { interrupted } from "../interrupt.ts";
import { apiVersion, jsonDocument, table } from "../output.ts";
import { secondsText } from "../progress.ts";
import { say, type Terminal, terminal } from "../terminal.ts";
import type { Check } from "./checks.ts";
import type { HeldSite, Moved } from "./moves.ts";
import type { Observation } from "./observation.ts";
import { keysOf, type Row, type StepName, stepNames } from "./plan.ts";

/** Who is what, before and behind a move. */
export function sayState(when: "before" | "after", seen: Observation): void {
  say(`${when}:`);
  say(stateTable(seen).trimEnd());
}

export function stateTable(seen: Observation): string {
  const keys = keysOf(seen);
  const rows = seen.regions.map(({ name, database: { facts, why }, http }) => [
    name,
    facts?.role ?? (why === null ? null : "unknown"),
    facts === null || facts.writable === null ? null : facts.writable ? "writable" : "read-only",
    facts?.epoch ?? null,
    facts?.lagSeconds ?? null,
    keys?.sync?.includes(name) === true ? "yes" : "no",
    http.active === true ? "active" : http.ready === true ? "ready" : "-",
  ]);
  return table(["Region", "Role", "Database", "Epoch", "Lag s", "In sync", "Web"], rows);
}

export function checkLines(checks: readonly Check[]): string {
  return checks.map(({ name, ok, found }) => `${ok ? "ok     " : "REFUSED"}  ${name}: ${found}`).join("\n");
}

export function planLines(rows: readonly Row[], seen: Observation): string {
  return rows
    .map((row, i) => `${i + 1}. ${row.name} ${row.region}: ${row.why}${passedText(row, seen)}`)
    .join("\n");
}

function passedText(row: Row, seen: Observation): string {
  if (row.isDone(seen)) return " (done already)";
  const why = row.skips?.(seen) ?? null;
  return why === null ? "" : ` (skipped: ${why})`;
}

export function sayTaken({ kind, to, epoch, steps }: Moved): void {
  const [first, last] = [steps[0], steps.at(-1)];
  const seconds = first === undefined || last === undefined ? 0 : (last.endedMs - first.startedMs) / 1000;
  const end = epoch === null ? `${to} is not known to be active` : `${to} is active at epoch ${epoch}`;
  say(`${kind}: ${end} (${secondsText(seconds)}).`);
}

/** What a move prints: a document, or the table of its steps. */
export function moveDocument(
  format: string,
  { config }: Pick<HeldSite, "config">,
  {
    checks,
    rows,
    seen,
    moved,
  }: { checks: readonly Check[]; rows: readonly Row[]; seen: Observation; moved: Moved | null },
): string {
  const plan = rows.map(({ name, region, why, isDone }) => ({ name, region, why, done: isDone(seen) }));
  if (format === "json")
    return jsonDocument({
      apiVersion,
      site: config.site,
      checks,
      plan,
      ...(moved === null ? {} : { moved }),
    });
  if (moved === null)
    return table(
      ["Step", "Region", "Done", "Why"],
      plan.map(({ name, region, done, why }) => [name, region, done ? "yes" : "no", why]),
    );
  return table(
    ["Step", "Region", "Outcome", "Seconds"],
    moved.steps.map(({ name, region, outcome, startedMs, endedMs }) => [
      name,
      region,
      outcome,
      (endedMs - startedMs) / 1000,
    ]),
  );
}

export interface MoveQuestion {
  yes: boolean;
  terminal: Terminal;
  /** "move the site from A to B" */
  what: string;
}

/** A move that loses nothing and can be undone is asked for once; without a terminal --yes answers. */
export async function confirmMove({ yes, terminal: { interactive }, what }: MoveQuestion): Promise<void> {
  if (yes) return;
  if (!interactive)
    throw new UserError({
      what: "there is no terminal to confirm at",
      next: "give the command again with --yes",
      exitCode: exitCodes.usage,
    });
  if (!(await ask(`${what[0]?.toUpperCase()}${what.slice(1)}?`))) throw interrupted();
}

/** Asked before a step that --approve named; without a terminal nobody can, and the move stops there. */
export const approval = (names: readonly string[]) => ({
  approves: ({ name }: Row): boolean => names.includes(name),
  approve: async ({ name, region }: Row): Promise<boolean> =>
    !names.includes(name) || (terminal().interactive && (await ask(`Go on with ${name} ${region}?`))),
});

async function ask(message: string): Promise<boolean> {
  const { confirm } = await import("@inquirer/prompts");
  try {
    return await confirm({ message, default: false }, { output: process.stderr });
  } catch (cause) {
    if (cause instanceof Error && cause.name === "ExitPromptError") throw interrupted(cause);
    throw cause;
  }
}

/** The steps that a flag names. Throws a UserError (2) for a word that is none, and for one that is nothing by itself. */
export function readSteps(flag: string, text: string): StepName[] {
  const given = words(text);
  if (flag === "--only" && given.includes("compare")) {
    throw new UserError({
      what: "compare is no step by itself: it compares what the proof of the same failback left",
      next: "to compare all rows: npx evenkeel verify",
      exitCode: exitCodes.usage,
    });
  }
  const unknown = given.find((word) => !stepNames.some((name) => name === word));
  if (unknown === undefined) return given as StepName[];
  throw new UserError({
    what: `${flag} names ${unknown}, which is no step`,
    next: `name some of ${stepNames.join(", ")}`,
    exitCode: exitCodes.usage,
  });
}

/** "a,b" as a list; "" is an empty one. */
export const words = (text: string): string[] => text.split(",").filter((word) => word !== "");

/** What --accept-loss says: a number of rows, or any. Throws a UserError (2) for something else. */
export function readLoss(text: string): number | "any" {
  if (text === "any") return "any";
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UserError({
    what: `--accept-loss is no number of rows: ${text}`,
    next: "give a whole number, or any",
    exitCode: exitCodes.usage,
  });
}
