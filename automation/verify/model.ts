import type { Chunks, Key, Range, Rows, TableName, Tables } from "../remote/digest.ts";

/** A database that can be asked for digests. `reached`: answered once that position is applied there. */
export interface Digests {
  tables(reached?: string): Promise<Tables>;
  /** Chunks of the tables in that order, from where each begins, for about so many seconds. */
  walk(from: readonly Begin[], seconds: number): Promise<Chunks>;
  ranges(ranges: readonly Range[], reached?: string): Promise<Chunks>;
  rows(range: Range, reached?: string): Promise<Rows>;
}

export interface Begin {
  table: TableName;
  after: Key | null;
}

export type DifferenceKind =
  | "table-missing"
  | "table-extra"
  | "columns-differ"
  | "row-missing"
  | "row-extra"
  | "row-differs"
  /** Of a table without a key: which row can't be said. */
  | "rows-differ";

/** Of the standby, measured by the active database. */
export interface Difference {
  kind: DifferenceKind;
  /** "schema.name". */
  table: string;
  key: Key | null;
}

/** A part of a table in which something changed too often. */
export interface Unsettled {
  range: Range;
  /** Whether its rows can be told apart by a key. */
  keyed: boolean;
}

export interface Comparison {
  tables: number;
  /** On the active database, of all tables that both have. */
  rows: number;
  differences: Difference[];
  /** What changed faster than it could be compared: nothing is said of it. */
  changing: { table: string; key: Key | null }[];
  /** Where these lie, for whoever can compare them while nothing changes. */
  unsettled: Unsettled[];
}

/** What is done by now, for whoever watches. */
export type Progress = (text: string) => void;

export const nameOf = ([schema, table]: TableName) => `${schema}.${table}`;
