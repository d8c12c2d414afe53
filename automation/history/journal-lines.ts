import { z } from "zod";

const journalLine = z.object({
  /** UTC. */
  at: z.iso.datetime(),
  run: z.string(),
  event: z.enum(["start", "step", "end"]),
  command: z.string(),
  detail: z.string().optional(),
  state: z.enum(["begun", "done", "already", "skipped", "failed"]).optional(),
  region: z.string().optional(),
  why: z.string().optional(),
  exitCode: z.int().optional(),
  seconds: z.number().optional(),
});

/** A line of the journal as it is read (automation/journal.ts writes it). */
export type JournalLine = z.infer<typeof journalLine>;

export interface ReadJournal {
  lines: JournalLine[];
  /** What could not be read, a sentence each: a line that was cut short takes no other with it. */
  problems: string[];
}

/** Every line begins with this; a command that was cut in the midst of one leaves it without an end. */
const beginning = '{"at":"';

/** The lines of a journal. What can't be read is told, and never ends the reading. */
export function parseJournal(text: string): ReadJournal {
  const read: ReadJournal = { lines: [], problems: [] };
  const pieces = text.split("\n");
  pieces.forEach((piece, i) => {
    if (piece.trim() === "") return;
    const isLast = i === pieces.length - 1;
    const line = parseLine(piece) ?? parseLine(piece.slice(Math.max(0, piece.lastIndexOf(beginning))));
    if (line !== null) read.lines.push(line);
    if (line === null || parseLine(piece) === null)
      read.problems.push(
        `line ${i + 1} of the journal ${isLast ? "is cut short: its command was ended, or is writing it" : "can't be read"}`,
      );
  });
  return read;
}

function parseLine(text: string): JournalLine | null {
  try {
    return journalLine.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
