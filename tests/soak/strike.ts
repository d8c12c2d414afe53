import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { lockFile, readLock } from "../../automation/lock.ts";
import { liveness, thisHost } from "../../automation/processes.ts";
import { home, siteName } from "../lab/support/cli.ts";
import { type Ending, endInJournal } from "./judge.ts";
import type { Blow } from "./schedule.ts";
import { atTerminal } from "./terminal.ts";

/** How runs of the test site are struck. */

const minute = 60_000;
const runMs = 15 * minute;
/** How long a run may take to finish its step and let the lock go once its terminal is closed. */
const letGoMs = 2 * minute;
const stateDirectory = join(home, ".evenkeel", siteName);
const lock = lockFile(stateDirectory);

export interface Struck extends Ending {
  /** False where the run had ended before its moment came. */
  struck: boolean;
  /** Seconds from the blow to the end of the run. */
  stopSeconds: number;
}

/**
 * Whose process holds the site's lock: the command line itself, not the launcher that was started. Null where nobody
 * does, also where the holder is dead: its number may be another's by now.
 */
function holder(): number | null {
  const record = readLock(lock);
  return record !== null && liveness(record, thisHost()) === "alive" ? record.pid : null;
}

/** False where it is gone already. */
function tryKill(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    return false;
  }
}

const signals: Record<Exclude<Blow, "hang-up">, NodeJS.Signals> = {
  kill: "SIGKILL",
  interrupt: "SIGINT",
  "interrupt-twice": "SIGINT",
};

const launcher = (words: readonly string[]) => [
  "node",
  join(home, "bin/evenkeel.mjs"),
  ...words,
  "--site",
  siteName,
];

/** Runs a command without a terminal and sends its process a signal after a line of its progress. */
export async function signalled(
  words: readonly string[],
  blow: Exclude<Blow, "hang-up">,
  afterLine: number,
): Promise<Struck> {
  const [program = "", ...argv] = launcher(words);
  const run = execa(program, argv, { reject: false, all: true, stdin: "ignore", timeout: runMs });
  let lines = 0;
  let at: number | null = null;
  let second: NodeJS.Timeout | undefined;
  run.all.on("data", (chunk: Buffer) => {
    lines += chunk.toString().split("\n").length - 1;
    if (lines < afterLine || at !== null) return;
    const pid = holder();
    if (pid === null || !tryKill(pid, signals[blow])) return;
    at = performance.now();
    if (blow === "interrupt-twice") second = setTimeout(() => tryKill(pid, "SIGINT"), 1_000);
  });
  const { exitCode, signal, timedOut, all, message } = await run;
  clearTimeout(second);
  return {
    struck: at !== null,
    stopSeconds: at === null ? 0 : secondsSince(at),
    exitCode: exitCode ?? null,
    signal: signal ?? null,
    timedOut,
    output: String(all || (message ?? "")),
    isLocked: existsSync(lock),
  };
}

/**
 * Runs a command at a terminal and closes that after so many seconds, or as soon after as the run holds the lock. How
 * it ended is in its journal: nobody is left to be told.
 */
export async function hungUp(words: readonly string[], afterSeconds: number): Promise<Struck> {
  const started = performance.now();
  const run = atTerminal(launcher(words), { timeoutMs: runMs });
  let hasEnded = false;
  const ending = run.finally(() => {
    hasEnded = true;
  });
  let pid: number | null = null;
  while (!hasEnded && pid === null) {
    await delay(50);
    if (secondsSince(started) >= afterSeconds) pid = holder();
  }
  const terminal = run.pid;
  const struck = pid !== null && terminal !== undefined && tryKill(terminal, "SIGKILL");
  const at = performance.now();
  const { exitCode, timedOut, all, message } = await ending;
  const deadline = at + letGoMs;
  while (struck && existsSync(lock) && performance.now() < deadline) await delay(100);
  return {
    struck,
    stopSeconds: struck ? secondsSince(at) : 0,
    exitCode: pid === null ? (exitCode ?? null) : journalledEnd(pid),
    signal: null,
    timedOut,
    output: String(all || (message ?? "")),
    isLocked: existsSync(lock),
  };
}

/** Only a destroy takes the journal away, as the last thing that it does. */
function journalledEnd(pid: number): number | null {
  const file = join(stateDirectory, "journal.jsonl");
  return existsSync(file) ? endInJournal(readFileSync(file, "utf8"), pid) : null;
}

function secondsSince(moment: number): number {
  return (performance.now() - moment) / 1000;
}
