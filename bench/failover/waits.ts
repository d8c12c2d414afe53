import { UserError } from "../../automation/errors.ts";

/** A clock, and what is asked between two looks: throws where the run was stopped. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  check(): void;
}

export interface Patience {
  /** What is waited for, for the error. */
  what: string;
  limitMs: number;
  everyMs?: number;
}

/** Asks until there is an answer that is not null; null where there is none in time. */
export async function tryUntil<T>(
  clock: Clock,
  { limitMs, everyMs = 250 }: Omit<Patience, "what">,
  look: () => Promise<T | null>,
): Promise<T | null> {
  const end = clock.now() + limitMs;
  for (;;) {
    clock.check();
    const found = await look();
    if (found !== null) return found;
    if (clock.now() >= end) return null;
    await clock.sleep(everyMs);
  }
}

/** As `tryUntil`, but no answer in time is a UserError. */
export async function until<T>(clock: Clock, patience: Patience, look: () => Promise<T | null>): Promise<T> {
  const found = await tryUntil(clock, patience, look);
  if (found === null) throw late(patience);
  return found;
}

/** What did not come in time; `why`: what was last seen of it. */
export function late({ what, limitMs }: Patience, why?: string): UserError {
  return new UserError({
    what: `not within ${limitMs / 1000} s: ${what}`,
    ...(why === undefined ? {} : { why }),
    next: "uptime tells how busy the machine is: run the benchmark again when it is not",
  });
}
