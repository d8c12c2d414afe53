import type { Attempt } from "../../../automation/drill/attempt.ts";
import type { Seen } from "../../../automation/drill/figures.ts";

export const regionOf = { "10.99.0.10": "primary", "10.99.0.20": "secondary" };
const addressOf = { primary: "10.99.0.10", secondary: "10.99.0.20" };

/** An attempt that was answered 201 by the primary after 10 ms, or what is said of it. */
export function made(
  one: Partial<Attempt> & { at: number; by?: keyof typeof addressOf; took?: number },
): Attempt {
  const { at, by = "primary", took = 10, ...rest } = one;
  return {
    n: 1,
    kind: "order",
    connection: "1",
    id: `run-1-${at}`,
    sentMs: at - took,
    answeredMs: at,
    status: 201,
    role: "active",
    retryAfter: false,
    address: addressOf[by],
    error: null,
    ...rest,
  };
}

/** What is there of a drill without a fault, whose orders are all found; or what is said of it. */
export function seen(attempts: readonly Attempt[], more: Partial<Seen> = {}): Seen {
  const written = attempts.filter(
    ({ kind, status }) => kind !== "read" && (status === 201 || status === 200),
  );
  const found = new Set(written.map(({ id }) => id as string));
  return {
    attempts,
    endedMs: 100_000,
    phases: [],
    turns: [],
    regionOf,
    found,
    stockTaken: found.size,
    ...more,
  };
}
