import { exitCodes, UserError } from "./errors.ts";

/**
 * Ctrl-C. The first one lets the running step finish (a half-done Pulumi step is what makes a mess), the second one
 * aborts. Outside a guarded step the first ends the command at once. `cli.ts` alone decides what ending means.
 */
export interface Interrupts {
  /** Aborted by the first interrupt. */
  readonly signal: AbortSignal;
  /** Runs `work` as a step that the first interrupt doesn't cut. */
  guard<T>(work: () => Promise<T>): Promise<T>;
  /** Called at the second interrupt, before the process ends: kills what must not live on. Returns an undo. */
  onAbort(action: () => void): () => void;
  /** Throws between two steps when an interrupt has come. */
  check(): void;
  /** What the handler of SIGINT and SIGTERM calls. */
  receive(): void;
  /**
   * The same for SIGHUP, however often it comes: a terminal that closes sends it to everybody, and so do its shell and
   * whoever passes it on. Nobody means "abort" by it.
   */
  hangUp(): void;
}

/**
 * Interrupts so close to the first are the same one: `timeout -s INT` signals its child and its group, and npm passes
 * on what its child has heard already. No finger is as fast.
 */
const sameMs = 400;

export function createInterrupts(options: {
  say: (line: string) => void;
  end: () => void;
  now?: () => number;
}): Interrupts {
  const now = options.now ?? (() => performance.now());
  const controller = new AbortController();
  const actions = new Set<() => void>();
  let guarded = 0;
  let firstMs = 0;
  const receive = () => {
    if (controller.signal.aborted && now() - firstMs < sameMs) return;
    if (!controller.signal.aborted && guarded > 0) {
      firstMs = now();
      options.say("Stopping: the running step is being finished. Press Ctrl-C again to abort at once.");
      controller.abort();
      return;
    }
    for (const action of actions) action();
    options.end();
  };
  return {
    signal: controller.signal,
    async guard(work) {
      guarded += 1;
      try {
        return await work();
      } finally {
        guarded -= 1;
      }
    },
    onAbort(action) {
      actions.add(action);
      return () => actions.delete(action);
    },
    check() {
      if (controller.signal.aborted) throw interrupted();
    },
    receive,
    hangUp() {
      if (!controller.signal.aborted) receive();
    },
  };
}

/** The error of a command that stopped because it was asked to. */
export function interrupted(cause?: unknown): UserError {
  return new UserError({
    what: "stopped on request",
    exitCode: exitCodes.interrupted,
    code: "interrupted",
    cause,
  });
}

let current: Interrupts | null = null;

/** Set once by cli.ts. */
export function useInterrupts(interrupts: Interrupts): void {
  current = interrupts;
}

/** The process's interrupts; where no command line was started (tests), ones that never fire. */
export function interrupts(): Interrupts {
  current ??= createInterrupts({ say: () => {}, end: () => {} });
  return current;
}
