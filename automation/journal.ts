import { randomUUID } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { redact } from "./redact.ts";
import { inFolder } from "./site/durable.ts";

/** One line of the journal. `at` is UTC; `run` ties the lines of one command together. */
export interface JournalEntry {
  event: "start" | "step" | "end";
  command: string;
  /** A step's name, or how the command ended. */
  detail?: string;
  /** Of a step: "already" was done by an earlier run. */
  state?: "begun" | "done" | "already" | "skipped" | "failed";
  /** Of a step: the region that it is about, and why it is there or how it failed. */
  region?: string;
  why?: string;
  exitCode?: number;
  seconds?: number;
}

export interface Journal {
  run: string;
  write(entry: JournalEntry): void;
}

/**
 * Appends JSON lines to `path` and flushes each to the disk, since the journal is read after the crash that it
 * describes. `secrets` are values that must never stand in it, whatever message carries them.
 */
export function openJournal(path: string, secrets: readonly string[] = []): Journal {
  inFolder(dirname(path), () => mkdirSync(dirname(path), { recursive: true, mode: 0o700 }));
  const run = randomUUID();
  const write = (entry: JournalEntry) => {
    const line = JSON.stringify({ at: new Date().toISOString(), run, pid: process.pid, ...entry });
    inFolder(dirname(path), () => appendDurably(path, `${redact(line, secrets)}\n`));
  };
  return { run, write };
}

function appendDurably(path: string, text: string): void {
  const file = openSync(path, "a", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Runs a mutating command between a `start` and an `end` line. The end line of a failure names the error only. */
export async function journalled<T>(journal: Journal, command: string, work: () => Promise<T>): Promise<T> {
  const started = Date.now();
  const seconds = () => Math.round((Date.now() - started) / 100) / 10;
  journal.write({ event: "start", command });
  try {
    const result = await work();
    journal.write({ event: "end", command, detail: "ok", exitCode: 0, seconds: seconds() });
    return result;
  } catch (error) {
    const exitCode = (error as { exitCode?: number }).exitCode ?? 1;
    const detail = error instanceof Error ? error.message : String(error);
    journal.write({ event: "end", command, detail, exitCode, seconds: seconds() });
    throw error;
  }
}
