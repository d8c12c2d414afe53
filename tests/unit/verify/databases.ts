import type { Key, Range } from "../../../automation/remote/digest.ts";
import type { Digests } from "../../../automation/verify/model.ts";

/** Rows by table and key (a whole number); what a row holds. */
export type Content = Map<string, Map<number, number>>;

export const content = (tables: Record<string, Record<number, number>>): Content =>
  new Map(
    Object.entries(tables).map(([name, rows]) => [
      name,
      new Map(Object.entries(rows).map(([key, value]) => [Number(key), value])),
    ]),
  );

/** An active database whose rows change with every question, and a standby that applies them late. */
export class Replicated {
  readonly active: Content;
  readonly standby: Content;
  private readonly log: [string, number, number | null][] = [];
  private applied = 0;
  private readonly each: (database: Replicated) => void;

  constructor(active: Content, standby: Content, each: (database: Replicated) => void = () => undefined) {
    this.active = active;
    this.standby = standby;
    this.each = each;
  }

  /** null takes the row away. */
  write(table: string, key: number, value: number | null): void {
    put(this.active, table, key, value);
    this.log.push([table, key, value]);
  }

  apply(count: number): void {
    for (const [table, key, value] of this.log.slice(this.applied, this.applied + count))
      put(this.standby, table, key, value);
    this.applied = Math.min(this.log.length, this.applied + count);
  }

  get position(): string {
    return String(this.log.length);
  }

  /** `size`: rows of a chunk, `keyless`: tables without a key. */
  side(which: "active" | "standby", { size = 3, keyless = [] as string[] } = {}): Digests {
    const rows = () => this[which];
    const ready = (reached?: string) => {
      this.each(this);
      if (reached !== undefined) this.apply(Math.max(0, Number(reached) - this.applied));
    };
    const within = ({ table, after, upTo }: Range) =>
      [...(rows().get(table[1]) ?? [])]
        .filter(
          ([key]) => (after === null || key > Number(after[0])) && (upTo === null || key <= Number(upTo[0])),
        )
        .sort(([one], [other]) => one - other);
    const chunk = (range: Range) => {
      const found = within(range);
      return { ...range, table: [...range.table] as [string, string], ...sums(found) } as never;
    };
    const position = () => this.position;
    return {
      tables: async (reached) => {
        ready(reached);
        const tables = [...rows().keys()].sort().map((name) => ({
          table: ["s", name] as [string, string],
          shape: [["id", "int"]] as [string, string][],
          keyed: !keyless.includes(name),
        }));
        return { tables, position: position() };
      },
      walk: async (from) => {
        ready();
        const [{ table, after }] = from as [{ table: [string, string]; after: Key | null }];
        const left = within({ table, after, upTo: null });
        const end = keyless.includes(table[1]) || left.length < size ? null : left[size - 1]?.[0];
        const upTo = end === null || end === undefined ? null : [String(end)];
        return { chunks: [chunk({ table, after, upTo })], position: position() };
      },
      ranges: async (ranges, reached) => {
        ready(reached);
        return { chunks: ranges.map(chunk), position: position() };
      },
      rows: async (range, reached) => {
        ready(reached);
        const found = within(range).map(
          ([key, value]) => [[String(key)], String(value)] as [string[], string],
        );
        return { rows: found, position: position() };
      },
    };
  }
}

const sums = (rows: [number, number][]) => ({
  rows: rows.length,
  sum: String(rows.reduce((sum, [key, value]) => sum + key * 1_000_003 + value * 7919, 0)),
});

function put(content: Content, table: string, key: number, value: number | null): void {
  if (value === null) content.get(table)?.delete(key);
  else content.get(table)?.set(key, value);
}
