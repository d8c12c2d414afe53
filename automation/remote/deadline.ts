/** A point in time by the process's monotonic clock, so that a clock being set does not move a deadline. */
export interface Deadline {
  /** Whole milliseconds left, never negative, at most what a timer holds (24 days). */
  leftMs(): number;
  passed(): boolean;
}

const longestTimerMs = 2 ** 31 - 1;

export function deadlineIn(timeoutMs: number): Deadline {
  const at = performance.now() + timeoutMs;
  return {
    leftMs: () => Math.min(longestTimerMs, Math.ceil(Math.max(0, at - performance.now()))),
    passed: () => performance.now() >= at,
  };
}

/** Waits for `work`, but not beyond the deadline: then throws what `late` makes. The work itself goes on. */
export async function within<T>(work: Promise<T>, deadline: Deadline, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bell = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(late()), deadline.leftMs());
  });
  try {
    return await Promise.race([work, bell]);
  } finally {
    clearTimeout(timer);
  }
}

export async function pauseMs(milliseconds: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
