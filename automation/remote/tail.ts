import { z } from "zod";

/** What `evenkeel-db tail` and `replay` print (host/files/database/db/tail.py, replay.py). */

/** A row's columns as the engine writes them; bytes as hex digits. */
const image = z.record(z.string(), z.string().nullable());

const lostRow = z.object({
  /** GTID, or number of the transaction. */
  tx: z.string(),
  /** UTC, ISO 8601, in whole seconds. */
  at: z.string().nullable(),
  /** "schema.table"; of a statement its schema, where that is known. */
  table: z.string().nullable(),
  /** "statement": a definition was changed; "account": an account, of which nothing more is told. */
  op: z.enum(["insert", "update", "delete", "statement", "account"]),
  /** Empty where the table has none, or where it is not known. */
  key: image,
  before: image.nullable(),
  after: image.nullable(),
  /** Why the row is not told in full. */
  why: z.string().optional(),
  /** Of a statement, where it holds no secret. */
  text: z.string().optional(),
});

const range = z.union([
  z.object({ /** "0-1-101..0-1-150", first and last of a domain and server. */ gtids: z.array(z.string()) }),
  z.object({
    timelines: z.array(z.object({ timeline: z.int(), from: z.string(), to: z.string() })),
    bytes: z.int(),
  }),
]);

const lostTail = z.object({
  /** The writer's. */
  epoch: z.int(),
  region: z.string(),
  /** null: the writer has all there is. */
  range: range.nullable(),
  /** The same as long as the same is missing. */
  id: z.string().nullable(),
  /** Without our own, which are `internal`: heartbeats and markers. null where the log can't be read. */
  transactions: z.int().nullable(),
  internal: z.int().nullable(),
  rows: z.array(lostRow),
  /** There are more rows than are told. */
  truncated: z.boolean(),
  /** Every row is told in full. */
  decoded: z.boolean(),
  why: z.string().nullable(),
  /** Where the host keeps it, beside its log. */
  saved: z.string().nullable(),
});

const replayed = z.object({
  applied: z.int(),
  already: z.int(),
  conflicts: z.array(z.object({ tx: z.string(), table: z.string().nullable(), key: image, why: z.string() })),
});

export type LostRow = z.infer<typeof lostRow>;
export type LostTail = z.infer<typeof lostTail>;
export type Replayed = z.infer<typeof replayed>;

/** The document that `evenkeel-db tail` printed. Throws when it is none. */
export function parseTail(stdout: string): LostTail {
  return lostTail.parse(JSON.parse(stdout));
}

/** What `evenkeel-db replay` printed. Throws when it is none. */
export function parseReplayed(stdout: string): Replayed {
  return replayed.parse(JSON.parse(stdout));
}
