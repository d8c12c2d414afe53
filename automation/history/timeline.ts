import { exitCodes, UserError } from "../errors.ts";
import { facts } from "../output.ts";
import type { Move } from "../remote/operator-keys.ts";
import { moveText, shortRun } from "./events.ts";
import type { JournalLine } from "./journal-lines.ts";

export interface TimelineEntry {
  /** Seconds since the first line of the run. */
  atSeconds: number;
  /** Begin: of a step. Done, already, skipped, failed: how it ended. Cut: it has begun, and no line says that it ended. */
  what: "start" | "begin" | "done" | "already" | "skipped" | "failed" | "cut" | "note" | "end";
  /** A step's name, or the command. */
  name: string;
  region: string | null;
  /** How long the step, or the command, took; null where it has not ended. */
  seconds: number | null;
  note: string | null;
}

/** One run from its first line to its last. */
export interface Timeline {
  run: string;
  command: string;
  startedAt: string;
  /** Null: no line says that it ended; it was cut short, or is under way. */
  exitCode: number | null;
  entries: TimelineEntry[];
  /** What etcd's history has of it. */
  move: Move | null;
}

/**
 * The run that an id names: one whole id, a beginning that no other run has, or `last`. A usage error (2) that lists the
 * runs in question where it names none or several. `runs`: the oldest first. `siteFlag`: the words that name the site.
 */
export function pickRun(runs: readonly string[], id: string, siteFlag = ""): string {
  const all = [...new Set(runs)];
  if (id === "last" && all.length > 0) return all.at(-1) as string;
  const found = all.filter((run) => run.startsWith(id));
  const [only] = found;
  if (all.includes(id)) return id;
  if (only !== undefined && found.length === 1 && id !== "") return only;
  const candidates = found.length > 0 && id !== "" ? found : all;
  throw new UserError({
    what:
      found.length > 1 && id !== "" ? `${found.length} runs begin with "${id}"` : `there is no run "${id}"`,
    ...(candidates.length === 0
      ? {}
      : { why: `the latest are ${candidates.slice(-5).map(shortRun).join(", ")}` }),
    next: `take one that npx evenkeel events${siteFlag} shows, or last`,
    exitCode: exitCodes.usage,
    code: "no-run",
  });
}

/** A run as the journal has it; where only etcd knows of it, the move alone. */
export function timelineOf(run: string, lines: readonly JournalLine[], moves: readonly Move[]): Timeline {
  const own = lines.filter((line) => line.run === run);
  const move = moves.findLast((one) => one.run === run) ?? null;
  const startedAt = own[0]?.at ?? startOf(move);
  const startMs = Date.parse(startedAt);
  return {
    run,
    command: own[0]?.command ?? (move === null ? "-" : `${move.kind} --to ${move.to}`),
    startedAt,
    exitCode: own.findLast(({ event }) => event === "end")?.exitCode ?? null,
    entries: own.map((line, i) =>
      entryOf(line, { before: own.slice(0, i), behind: own.slice(i + 1), startMs }),
    ),
    move,
  };
}

function startOf(move: Move | null): string {
  const endMs = Date.parse(move?.at ?? "");
  return Number.isNaN(endMs) ? "-" : new Date(endMs - (move?.seconds ?? 0) * 1000).toISOString();
}

function entryOf(
  line: JournalLine,
  { before, behind, startMs }: { before: JournalLine[]; behind: JournalLine[]; startMs: number },
): TimelineEntry {
  const begun = before.findLast((one) => isSameStep(one, line) && one.state === "begun");
  const tookSeconds = begun === undefined ? null : (Date.parse(line.at) - Date.parse(begun.at)) / 1000;
  return {
    atSeconds: (Date.parse(line.at) - startMs) / 1000,
    what: whatOf(line, behind),
    name: (line.event === "step" ? line.detail : undefined) ?? line.command,
    region: line.region ?? null,
    seconds: line.seconds ?? tookSeconds,
    note: noteOf(line),
  };
}

function whatOf(
  { event, state, ...line }: JournalLine,
  behind: readonly JournalLine[],
): TimelineEntry["what"] {
  if (event !== "step") return event;
  if (state !== "begun") return state ?? "note";
  // What is under way has no line behind it yet, and nothing tells it from what was cut.
  return behind.some((one) => isSameStep(one, { event, ...line })) ? "begin" : "cut";
}

function isSameStep(one: JournalLine, other: JournalLine): boolean {
  return one.event === "step" && one.detail === other.detail && one.region === other.region;
}

function noteOf({ event, detail, exitCode, why }: JournalLine): string | null {
  if (event === "end") return `exit code ${exitCode ?? "unknown"}: ${detail ?? ""}`.replace(/: $/, "");
  return why ?? null;
}

/** "T+0.480" */
export function momentText(atSeconds: number): string {
  return `T+${atSeconds.toFixed(3)}`;
}

/** One line a line of the journal, behind what the run is. */
export function timelineTable(timeline: Timeline): string {
  const { run, command, startedAt, exitCode, entries, move } = timeline;
  const head = facts([
    ["Run", run],
    ["Command", command],
    ["Started", startedAt],
    ["Ended", exitCode === null ? "not, as far as the journal says" : `with exit code ${exitCode}`],
    ...(move === null ? [] : [["Moved", moveText(move)] as const]),
  ]);
  const width = Math.max(0, ...entries.map(({ atSeconds }) => momentText(atSeconds).length));
  const lines = entries.map((entry) => `${momentText(entry.atSeconds).padEnd(width)}  ${entryText(entry)}\n`);
  return lines.length === 0 ? head : `${head}\n${lines.join("")}`;
}

/** "done    promote secondary, 0.512 s" */
function entryText({ what, name, region, seconds, note }: TimelineEntry): string {
  const took = seconds === null ? "" : `, ${seconds.toFixed(3)} s`;
  const said = note === null ? "" : `: ${note.replaceAll(/\s+/g, " ")}`;
  return `${what.padEnd(7)}  ${name}${region === null ? "" : ` ${region}`}${took}${said}`;
}
