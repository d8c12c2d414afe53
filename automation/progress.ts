import type { ListrTask } from "listr2";
import { interrupts } from "./interrupt.ts";
import { say, terminal } from "./terminal.ts";

/** A named piece of work; `note` tells what it is doing right now. The string that `run` returns ends its line. */
export interface Step {
  title: string;
  run: (note: (text: string) => void) => Promise<string | undefined>;
}

/** Steps that run side by side; all of them finish even when one fails. */
export interface Group {
  title: string;
  parallel: readonly Step[];
}

export type Work = Step | Group;

/**
 * Runs work in order and shows it on standard error: a live tree at a terminal, else one line an event. An interrupt
 * lets the running item finish, and no further one begin.
 */
export async function runWork(work: readonly Work[], plain = terminal().plain): Promise<void> {
  for (const item of work) {
    interrupts().check();
    await (plain ? runPlainly(item) : runAsTree(item));
  }
}

async function runPlainly(item: Work): Promise<void> {
  if ("run" in item) return runPlainStep(item);
  const results = await Promise.allSettled(item.parallel.map(runPlainStep));
  throwFirst(results);
}

async function runPlainStep(step: Step): Promise<void> {
  const started = Date.now();
  const seconds = () => secondsText((Date.now() - started) / 1000);
  say(`${step.title} ...`);
  try {
    const end = await step.run((text) => say(`${step.title}: ${text}`));
    say(`${step.title}: ${end ?? "done"} (${seconds()})`);
  } catch (error) {
    const word = (error as { code?: string }).code === "interrupted" ? "stopped" : "failed";
    say(`${step.title}: ${word} (${seconds()})`);
    throw error;
  }
}

/** The first failure of steps that ran side by side, once all of them have ended. */
function throwFirst(results: readonly PromiseSettledResult<unknown>[]): void {
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function runAsTree(item: Work): Promise<void> {
  const { Listr, ListrLogger, PRESET_TIMER, ProcessOutput } = await import("listr2");
  // Every renderer of listr2 writes to standard output unless it is given a logger that doesn't.
  const logger = new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr) });
  const running: { title?: string | undefined }[] = [];
  // What is said beside a live tree is shown when it has ended: too late for who waits at it.
  const stopping = () => {
    for (const own of running) own.title = `${own.title} (is being finished: Ctrl-C again aborts at once)`;
  };
  const task = (step: Step): ListrTask => ({
    title: step.title,
    task: async (_, own) => {
      running.push(own);
      const end = await step.run((text) => {
        own.output = text;
      });
      if (end !== undefined) own.title = `${step.title}: ${end}`;
    },
  });
  // A group must end with all its steps ended.
  const steps = "run" in item ? [item] : item.parallel;
  const results: PromiseSettledResult<unknown>[] = [];
  const watched = steps.map((step) => task({ ...step, run: (note) => settle(step.run(note), results) }));
  const list = new Listr(watched, {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    rendererOptions: { logger, timer: PRESET_TIMER, showErrorMessage: false },
  });
  const { signal } = interrupts();
  signal.addEventListener("abort", stopping);
  await list.run().finally(() => signal.removeEventListener("abort", stopping));
  throwFirst(results);
}

async function settle<T>(running: Promise<T>, results: PromiseSettledResult<unknown>[]): Promise<T> {
  try {
    return await running;
  } catch (reason) {
    results.push({ status: "rejected", reason });
    throw reason;
  }
}

/** "3.2 s", "2 min 5 s". */
export function secondsText(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
