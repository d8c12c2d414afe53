import { z } from "zod";
import { lockSchema } from "../lock.ts";

/** What operators keep in the site's etcd (docs/architecture.md), as `evenkeel-etcd` takes and tells it. Times are UTC. */

/**
 * Who holds the site's lock, and the region that shall be active behind what is done; null: that stays as it is. `run` is
 * the journal's, so that `timeline` shows it.
 */
export const siteLockSchema = lockSchema.extend({ to: z.string().nullable() });
export type SiteLockRecord = z.infer<typeof siteLockSchema>;

const moveSchema = z.object({
  /** As the journal of the operator's clone has it; with kind and epoch it names the move. */
  run: z.string(),
  kind: z.enum(["switchover", "failover", "reinstate", "failback"]),
  /** The writer before; null where none was known. */
  from: z.string().nullable(),
  to: z.string(),
  /** Of the writer behind the move. */
  epoch: z.int(),
  /** When it ended, by the clock of the operator's machine. */
  at: z.string(),
  who: z.string(),
  /** How long it took; null where that is not known. */
  seconds: z.number().nullable().default(null),
  /** Acknowledged rows that the new writer lacks, as far as they were counted; null: none can be. */
  loss: z.object({ rows: z.int().nullable(), seconds: z.number().nullable() }).nullable().default(null),
});
export type Move = z.infer<typeof moveSchema>;

const ackSchema = z.object({ run: z.string(), who: z.string(), at: z.string() });
/** The failover of that run is acknowledged: another one may follow it. */
export type Ack = z.infer<typeof ackSchema>;

const pauseSchema = z.object({
  /** Seconds since 1970; null: it has no end. */
  until: z.number().nullable(),
  who: z.string().nullable(),
  at: z.string().nullable(),
  /** It has ended, by the clock of the host that tells it. */
  over: z.boolean(),
});

/** A host that was built before pauses had an end says only whether there is one. */
const pause = z
  .union([z.boolean(), pauseSchema.nullable()])
  .transform((told) => (typeof told === "boolean" ? (told ? endlessPause : null) : told));
const endlessPause = { until: null, who: null, at: null, over: false };

/** As part of what a member tells. A host that was built before there were these keys holds none of them. */
export const keysOfOperators = {
  /** Nothing is promoted by itself. */
  pause,
  /** null: nobody holds it. */
  lock: siteLockSchema.nullable().default(null),
  /** The newest last. */
  history: z.array(moveSchema).default([]),
  ack: ackSchema.nullable().default(null),
};
