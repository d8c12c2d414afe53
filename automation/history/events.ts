import { table } from "../output.ts";
import type { Move } from "../remote/operator-keys.ts";
import type { JournalLine } from "./journal-lines.ts";

/** What happened to a site, by the journal of a clone or by the history in etcd, which has the moves of all clones. */
export interface Event {
  /** UTC, by the clock of the operator's machine. */
  at: string;
  run: string;
  source: "journal" | "etcd";
  what: JournalLine["event"] | "move";
  command: string;
  /** A step's name, how a command ended, or what a move came to. */
  detail: string | null;
  state: NonNullable<JournalLine["state"]> | null;
  region: string | null;
  why: string | null;
  exitCode: number | null;
  seconds: number | null;
}

/** All events, the oldest first. Those of one moment stay in the order in which they were written. */
export function eventsOf(lines: readonly JournalLine[], moves: readonly Move[]): Event[] {
  const events = [...lines.map(ofLine), ...moves.map(ofMove)];
  return events.sort((one, other) => momentMs(one) - momentMs(other));
}

/** Those from `sinceMs` on (milliseconds since 1970). One whose time can't be read is left in. */
export function eventsSince(events: readonly Event[], sinceMs: number): Event[] {
  return events.filter(({ at }) => !(Date.parse(at) < sinceMs));
}

/** What tells an event from every other one. */
export function eventKey({ source, run, at, what, detail, state, region }: Event): string {
  return JSON.stringify([source, run, at, what, detail, state, region]);
}

function momentMs({ at }: Event): number {
  const ms = Date.parse(at);
  return Number.isNaN(ms) ? 0 : ms;
}

function ofLine(line: JournalLine): Event {
  const { at, run, event, command } = line;
  return {
    ...{ at, run, source: "journal", what: event, command },
    detail: line.detail ?? null,
    state: line.state ?? null,
    region: line.region ?? null,
    why: line.why ?? null,
    exitCode: line.exitCode ?? null,
    seconds: line.seconds ?? null,
  };
}

function ofMove(move: Move): Event {
  const { at, run, kind, to, seconds } = move;
  return {
    ...{ at, run, source: "etcd", what: "move", command: `${kind} --to ${to}` },
    detail: moveText(move),
    ...{ state: null, region: to, why: null, exitCode: null, seconds },
  };
}

/** "from primary to secondary at epoch 4 by alice, lost: 3 rows" */
export function moveText({ from, to, epoch, who, loss }: Move): string {
  const origin = from === null ? "" : `from ${from} `;
  const lost = loss === null ? "" : `, lost: ${loss.rows ?? "an unknown number of"} rows`;
  return `${origin}to ${to} at epoch ${epoch} by ${who}${lost}`;
}

const header = ["At", "Run", "What", "Command", "Detail"] as const;

/** One line an event; without the header where lines follow others. */
export function eventsTable(events: readonly Event[], { withHeader = true } = {}): string {
  if (events.length === 0 && !withHeader) return "";
  const text = table(
    header,
    events.map((event) => [event.at, shortRun(event.run), whatCell(event), event.command, detailCell(event)]),
  );
  return withHeader ? text : text.slice(text.indexOf("\n") + 1);
}

/** As much of a run's id as people compare; `timeline` takes it. */
export function shortRun(run: string): string {
  return run.slice(0, 8);
}

function whatCell({ what, state }: Event): string {
  return state === null ? what : `${what} ${state}`;
}

function detailCell({ detail, region, why, exitCode, seconds, source }: Event): string | null {
  const parts = [
    detail === null || region === null || source === "etcd" ? detail : `${detail} (${region})`,
    why,
    exitCode === null ? null : `exit code ${exitCode}`,
    seconds === null ? null : `${seconds} s`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ").replaceAll(/\s+/g, " ");
}
