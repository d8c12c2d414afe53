import type { Chunk, Chunks, Range, TableName, Tables } from "../remote/digest.ts";
import {
  type Begin,
  type Comparison,
  type Difference,
  type DifferenceKind,
  type Digests,
  nameOf,
  type Progress,
} from "./model.ts";
import { settle } from "./settle.ts";

const walkSeconds = 2;

/**
 * Compares all rows of two databases of which one follows the other, while both go on. Chunks that are equal when they
 * are read one after the other are equal; of the rest, the rows are looked at until they are equal, proved to differ,
 * or found to change too often (settle.ts).
 */
export async function compare(active: Digests, standby: Digests, progress: Progress): Promise<Comparison> {
  const { common, differences } = await compareTables(active, standby);
  const { unequal, rows } = await walkBoth(active, standby, common, progress);
  const comparison: Comparison = { tables: common.length, rows, differences, changing: [], unsettled: [] };
  const keyedOf = new Map(common.map(({ table, keyed }) => [nameOf(table), keyed]));
  for (const [i, range] of unequal.entries()) {
    progress(
      `${nameOf(range.table)}: row by row, ${i + 1} of ${unequal.length} chunks that were not equal at once`,
    );
    const keyed = keyedOf.get(nameOf(range.table)) ?? false;
    const settled = await settle(active, standby, range, keyed);
    comparison.differences.push(...settled.differences);
    comparison.changing.push(...settled.changing);
    if (settled.changing.length > 0) comparison.unsettled.push({ range, keyed });
  }
  return comparison;
}

type Shape = Tables["tables"][number];

/** Twice where something differs: a table may have been made or altered in between. */
async function compareTables(
  active: Digests,
  standby: Digests,
): Promise<{ common: Shape[]; differences: Difference[] }> {
  const once = async () => {
    const ours = await active.tables();
    return shapeDifferences(ours, await standby.tables(ours.position));
  };
  const first = await once();
  if (first.differences.length === 0) return first;
  const second = await once();
  const seen = new Set(first.differences.map((one) => JSON.stringify(one)));
  return { ...second, differences: second.differences.filter((one) => seen.has(JSON.stringify(one))) };
}

function shapeDifferences(ours: Tables, theirs: Tables): { common: Shape[]; differences: Difference[] } {
  const there = new Map(theirs.tables.map((one) => [nameOf(one.table), one]));
  const here = new Set(ours.tables.map(({ table }) => nameOf(table)));
  const differs = (kind: DifferenceKind, table: TableName): Difference => ({
    kind,
    table: nameOf(table),
    key: null,
  });
  const common: Shape[] = [];
  const differences: Difference[] = [];
  for (const one of ours.tables) {
    const other = there.get(nameOf(one.table));
    if (other === undefined) differences.push(differs("table-missing", one.table));
    else if (JSON.stringify(other.shape) !== JSON.stringify(one.shape))
      differences.push(differs("columns-differ", one.table));
    else common.push(one);
  }
  for (const { table } of theirs.tables)
    if (!here.has(nameOf(table))) differences.push(differs("table-extra", table));
  return { common, differences };
}

/** The standby compares what was read a moment ago while the active database is read on. */
async function walkBoth(
  active: Digests,
  standby: Digests,
  tables: readonly Shape[],
  progress: Progress,
): Promise<{ unequal: Range[]; rows: number }> {
  const unequal: Range[] = [];
  let rows = 0;
  let comparing: Promise<void> = Promise.resolve();
  let from: Begin[] = tables.map(({ table }) => ({ table, after: null }));
  while (from.length > 0) {
    const read = await active.walk(from, walkSeconds);
    await comparing;
    comparing = unequalOf(standby, read).then((ranges) => void unequal.push(...ranges));
    // Awaited in the next round; a failure before that is none that nobody handles.
    comparing.catch(() => undefined);
    rows += read.chunks.reduce((sum, one) => sum + ("gone" in one ? 0 : one.rows), 0);
    from = behind(from, read);
    const table = nameOf(from[0]?.table ?? (tables.at(-1) as Shape).table);
    progress(`${table}: ${tables.length - from.length} of ${tables.length} tables, ${rows} rows`);
  }
  await comparing;
  return { unequal, rows };
}

/** Where a walk goes on. An answer without a chunk would never end. */
function behind(from: readonly Begin[], { chunks }: Chunks): Begin[] {
  const last = chunks.at(-1);
  if (last === undefined) throw new Error("evenkeel-db digest has read nothing");
  const at = from.findIndex(({ table }) => nameOf(table) === nameOf(last.table));
  const rest = from.slice(at + 1);
  return "gone" in last || last.upTo === null ? rest : [{ table: last.table, after: last.upTo }, ...rest];
}

async function unequalOf(standby: Digests, { chunks, position }: Chunks): Promise<Range[]> {
  const there = chunks.filter((one): one is Chunk => !("gone" in one));
  if (there.length === 0) return [];
  const ranges = there.map(({ table, after, upTo }) => ({ table, after, upTo }));
  const theirs = await standby.ranges(ranges, position);
  return ranges.filter((_, i) => {
    const [ours, other] = [there[i], theirs.chunks[i]];
    return other === undefined || "gone" in other || other.rows !== ours?.rows || other.sum !== ours.sum;
  });
}
