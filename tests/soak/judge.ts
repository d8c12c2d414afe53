import type { Blow } from "./schedule.ts";

/** Whether a run that was struck ended as it should. Pure. */

/** How it ended, and what was there then. */
export interface Ending {
  /** Of the command itself; after a hang-up what its journal says. Null where it has none. */
  exitCode: number | null;
  /** The signal that ended it, null where none did. */
  signal: string | null;
  /** It was still running at its deadline, and was ended by that. */
  timedOut: boolean;
  /** All that it printed. */
  output: string;
  /** The site's lock is still there. */
  isLocked: boolean;
}

/** "130", "SIGKILL". */
export function endingText({ exitCode, signal, timedOut }: Ending): string {
  if (timedOut) return "not in time";
  return String(exitCode ?? signal ?? "not known");
}

/** What is wrong with the end of a run. `again` is the command that goes on, as a person would type it. */
export function problemsOfEnding(blow: Blow, ending: Ending, again: string): string[] {
  if (ending.timedOut) return ["it did not end in time"];
  switch (blow) {
    case "kill":
      return ending.signal === "SIGKILL" ? [] : [`killed, it ended with ${endingText(ending)}`];
    case "interrupt-twice":
      return ending.exitCode === 130 ? [] : [`interrupted twice, it ended with ${endingText(ending)}`];
    case "interrupt":
      return [...stopProblems(ending, again), ...lockProblems(ending)];
    case "hang-up":
      return [
        ...(ending.exitCode === 130 || ending.exitCode === 0
          ? []
          : [`hung up on, its journal's end is ${endingText(ending)}`]),
        ...lockProblems(ending),
      ];
    default:
      return blow satisfies never;
  }
}

function lockProblems({ isLocked }: Ending): string[] {
  return isLocked ? ["its lock is still there"] : [];
}

function stopProblems(ending: Ending, again: string): string[] {
  if (ending.exitCode === 130) {
    const isTold = ending.output.split("\n").some((line) => line.endsWith(`To go on, run again: ${again}`));
    return isTold ? [] : [`it does not say "To go on, run again: ${again}"`];
  }
  if (ending.exitCode !== 0) return [`interrupted, it ended with ${endingText(ending)}`];
  const steps = stepsAfterStop(ending.output);
  if (steps === null) return ["it took no notice of the interrupt, and ended with 0"];
  return steps.length === 0
    ? []
    : [`interrupted, it began ${steps.join(", ")} all the same, and ended with 0`];
}

/**
 * Titles of the steps that began after the run had said that it stops; null where it never said so. progress.ts writes
 * "TITLE ..." as a step begins, and "TITLE: …" for all that follows.
 */
function stepsAfterStop(output: string): string[] | null {
  const lines = output.split("\n");
  const stop = lines.findIndex((line) => line.startsWith("Stopping: "));
  if (stop === -1) return null;
  return lines.slice(stop + 1).flatMap((line) => /^([^:]+) \.\.\.$/.exec(line)?.[1] ?? []);
}

/** The exit code in the last `end` line that the process `pid` wrote to a journal; null where it wrote none. */
export function endInJournal(journal: string, pid: number): number | null {
  const codes = journal.split("\n").flatMap((line) => {
    const entry = parsed(line);
    return entry?.event === "end" && entry.pid === pid ? [entry.exitCode ?? null] : [];
  });
  return codes.at(-1) ?? null;
}

/** A line of a journal; null for what is none: a disk that was full may have kept a part of one. */
function parsed(line: string): { event?: string; pid?: number; exitCode?: number } | null {
  try {
    return JSON.parse(line) as object | null;
  } catch {
    return null;
  }
}
