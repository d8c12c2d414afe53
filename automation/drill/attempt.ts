/** What a drill's client keeps of each of its requests. Pure: the client writes it, the drill reads and reckons. */

export type AttemptKind = "order" | "pinned" | "read";

/** One request, answered or given up. Times are milliseconds since 1970, by a clock that never jumps. */
export interface Attempt {
  /** Counts the client's requests in the order in which they ended. */
  n: number;
  kind: AttemptKind;
  /** "1", "2", … of the writing connections, "pinned", "read-1", … */
  connection: string;
  /** The order's id; null of a read. */
  id: string | null;
  sentMs: number;
  answeredMs: number;
  /** Of HTTP; 0 where no answer came. */
  status: number;
  /** X-Evenkeel-Role of the answer. */
  role: string | null;
  /** Whether the answer said when to come again. */
  retryAfter: boolean;
  /** Who was asked; null where the name could not be resolved. */
  address: string | null;
  /** Why no answer came, in Node's word (ECONNREFUSED) or "deadline"; null where one did. */
  error: string | null;
}

/**
 * What an answer means to whoever orders (components/host/files/ledger/ledger.php): 201 and 200 acknowledge, 503 says
 * that nothing was written, any other 4xx that this order never will be. Of everything else nobody knows.
 */
export type Outcome = "acknowledged" | "refused" | "rejected" | "unknown";

export function outcomeOf({ status }: Pick<Attempt, "status">): Outcome {
  if (status === 200 || status === 201) return "acknowledged";
  if (status === 503) return "refused";
  return status >= 400 && status < 500 ? "rejected" : "unknown";
}

export const isAcknowledged = (attempt: Pick<Attempt, "status">) => outcomeOf(attempt) === "acknowledged";

/** Orders of one connection sort by their number; the ledger takes 64 characters. */
export function orderId(prefix: string, connection: string, n: number): string {
  return `${prefix}-${connection}-${String(n).padStart(6, "0")}`;
}

/** A customer that gets no answer orders the same again; only what was answered for good makes room for the next. */
export function nextNumber(n: number, outcome: Outcome): number {
  switch (outcome) {
    case "acknowledged":
    case "rejected":
      return n + 1;
    case "refused":
    case "unknown":
      return n;
    default:
      return outcome satisfies never;
  }
}

/** A line of the client's ledger; null where it is none (a client that was killed may leave half a line). */
export function parseAttempt(line: string): Attempt | null {
  try {
    const value = JSON.parse(line) as Partial<Attempt> | null;
    const isOne =
      typeof value?.n === "number" &&
      typeof value.status === "number" &&
      typeof value.sentMs === "number" &&
      typeof value.answeredMs === "number" &&
      typeof value.connection === "string";
    return isOne ? (value as Attempt) : null;
  } catch {
    return null;
  }
}
