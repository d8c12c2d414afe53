import { UserError } from "../errors.ts";

export interface StepEvent {
  step: string;
  /** `start` may come again with a new detail while a step goes on. `found` and `done` are both good ends. */
  state: "start" | "found" | "done" | "failed";
  detail: string;
  /** Since the step began. */
  seconds: number;
}

export interface StepOutcome {
  state: "found" | "done";
  detail: string;
}

export interface StepContext {
  /** Says what a step that takes long is doing now. */
  say: (detail: string) => void;
  /** Aborted when another step failed or the user interrupted. */
  signal: AbortSignal;
}

export interface Step {
  name: string;
  /** Names of the steps that must have succeeded before. Steps that don't wait for each other run at once. */
  after: readonly string[];
  run: (context: StepContext) => Promise<StepOutcome>;
}

export interface RunStepsOptions {
  steps: readonly Step[];
  report: (event: StepEvent) => void;
  signal?: AbortSignal;
}

/**
 * Runs steps in the order that their `after` asks for. The first failure stops the others, waits until they have
 * ended, and is thrown.
 */
export async function runSteps(options: RunStepsOptions): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const failures: unknown[] = [];
  const ends = new Map<string, Promise<boolean>>();
  for (const step of options.steps) {
    const before = step.after.map((name) => {
      const end = ends.get(name);
      if (end === undefined)
        throw new Error(`step "${step.name}" waits for "${name}", which doesn't come before it`);
      return end;
    });
    ends.set(step.name, runAfter(step, before));
  }
  await Promise.all(ends.values());
  // What a stopped program says about itself is not why the set-up ended.
  if (failures.length > 0) throw options.signal?.aborted ? stopped() : failures[0];

  async function runAfter(step: Step, before: Promise<boolean>[]): Promise<boolean> {
    const ready = (await Promise.all(before)).every((succeeded) => succeeded);
    if (!ready || signal.aborted) {
      if (ready && failures.length === 0) failures.push(stopped());
      return false;
    }
    try {
      await runOne(step, options.report, signal);
      return true;
    } catch (error) {
      failures.push(error);
      stop.abort();
      return false;
    }
  }
}

async function runOne(step: Step, report: (event: StepEvent) => void, signal: AbortSignal): Promise<void> {
  const startedAt = performance.now();
  const tell = (state: StepEvent["state"], detail: string) =>
    report({ step: step.name, state, detail, seconds: (performance.now() - startedAt) / 1000 });
  tell("start", "");
  try {
    const outcome = await step.run({ say: (detail) => tell("start", detail), signal });
    tell(outcome.state, outcome.detail);
  } catch (error) {
    const detail = signal.aborted ? "stopped" : error instanceof UserError ? error.what : String(error);
    tell("failed", detail);
    throw error;
  }
}

function stopped(): UserError {
  return new UserError({ what: "the set-up was stopped on request", exitCode: 130, code: "interrupted" });
}
