import { z } from "zod";
import type { RemoteCommand } from "./ssh.ts";

/**
 * What a database's rows are, in few bytes (`evenkeel-db digest`, host/files/database/db/digest.py): counts and sums of
 * row hashes of ranges of a table by its key. Asking changes nothing on either side.
 */

/** Schema and name. */
export type TableName = readonly [string, string];

/** The texts of a row's key, in the key's order. */
export type Key = readonly string[];

/** Rows behind `after` (null: from the first) up to and with `upTo` (null: to the last). */
export interface Range {
  table: TableName;
  after: Key | null;
  upTo: Key | null;
}

export type Question = { /** Answered once this position is applied there. */ reached?: string } & (
  | { ask: "tables" }
  | { ask: "walk"; from: { table: TableName; after: Key | null }[]; seconds: number }
  | { ask: "ranges"; ranges: Range[] }
  | { ask: "rows"; range: Range }
  | {
      /** What the first of two histories holds beyond the second (W9). */ ask: "missing";
      own: string;
      other: string;
    }
);

export function digestCommand(
  question: Question,
  { deadlineSeconds }: { deadlineSeconds: number },
): RemoteCommand {
  const argv = ["sudo", "-n", "/usr/local/sbin/evenkeel-db", "digest", "--deadline", String(deadlineSeconds)];
  return { argv, stdin: JSON.stringify(question) };
}

const name = z.tuple([z.string(), z.string()]);
const key = z.array(z.string());

const gone = z.object({ table: name, gone: z.literal(true) });
const chunk = z.object({
  table: name,
  after: key.nullable(),
  upTo: key.nullable(),
  rows: z.int(),
  /** Of 60-bit numbers: more than a number of this language holds. */
  sum: z.string(),
});

export const answers = {
  tables: z.object({
    tables: z.array(
      z.object({
        table: name,
        /** Name and type of each column, in one order. */
        shape: z.array(z.tuple([z.string(), z.string()])),
        /** Whether its rows can be told apart by a key; else the table is one range. */
        keyed: z.boolean(),
      }),
    ),
    position: z.string(),
  }),
  chunks: z.object({ chunks: z.array(z.union([gone, chunk])), position: z.string() }),
  rows: z.object({
    rows: z.array(z.tuple([key, z.string()])),
    gone: z.boolean().optional(),
    /** There are more than are told at once. */
    more: z.boolean().optional(),
    position: z.string(),
  }),
  missing: z.object({ missing: z.string().nullable() }),
} as const;

export type Chunk = z.infer<typeof chunk>;
export type Chunks = z.infer<typeof answers.chunks>;
export type Rows = z.infer<typeof answers.rows>;
export type Tables = z.infer<typeof answers.tables>;
