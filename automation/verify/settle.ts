import type { Key, Range, Rows } from "../remote/digest.ts";
import { type Comparison, type Difference, type Digests, nameOf } from "./model.ts";

type Settled = Pick<Comparison, "differences" | "changing">;

/** How often a range is looked at before what still changes is said to be changing. */
const mostRounds = 8;

/**
 * What of a range of two databases really differs, while rows go on changing. One round reads the active database, then
 * the standby once it has applied all that was seen, then the active one again. A row that the active one held
 * unchanged over the round must be the same on the standby: it lay between both reads. One that is not twice in a
 * row is a difference, so that a row which changed and changed back within a round is none.
 */
export async function settle(
  active: Digests,
  standby: Digests,
  range: Range,
  keyed: boolean,
): Promise<Settled> {
  const look = keyed ? lookAtRows : lookAtSums;
  const table = nameOf(range.table);
  let before: Map<string, Difference> = new Map();
  for (let round = 1; ; round++) {
    const seen = await look(active, standby, range);
    if (seen === null) return { differences: [], changing: [{ table, key: null }] };
    const proved = [...seen.different].filter(([id]) => before.has(id));
    const once = [...seen.different.values()].filter((one) => !proved.some(([, two]) => two === one));
    if ((seen.unclear.size === 0 && once.length === 0) || round === mostRounds) {
      const changing = [...seen.unclear.values(), ...once.map(({ key }) => key)].map((key) => ({
        table,
        key,
      }));
      return { differences: proved.map(([, one]) => one), changing };
    }
    before = seen.different;
  }
}

/** By a row's key as text. */
interface Seen {
  different: Map<string, Difference>;
  unclear: Map<string, Key | null>;
}

/** Null where a side has more rows there than it tells at once: a range that grew while all was read, say. */
async function lookAtRows(active: Digests, standby: Digests, range: Range): Promise<Seen | null> {
  const first = await active.rows(range);
  const other = await standby.rows(range, first.position);
  const again = await active.rows(range);
  if ([first, other, again].some(({ more }) => more === true)) return null;
  const [ours, theirs, last] = [hashes(first), hashes(other), hashes(again)];
  const seen: Seen = { different: new Map(), unclear: new Map() };
  for (const id of new Set([...ours.keys(), ...theirs.keys(), ...last.keys()])) {
    const [was, other, is] = [ours.get(id), theirs.get(id), last.get(id)];
    if (other === was || other === is) continue;
    const key = JSON.parse(id) as Key;
    if (was !== is) seen.unclear.set(id, key);
    else seen.different.set(id, { kind: kindOf(was, other), table: nameOf(range.table), key });
  }
  return seen;
}

function kindOf(ours: string | undefined, theirs: string | undefined): Difference["kind"] {
  if (theirs === undefined) return "row-missing";
  return ours === undefined ? "row-extra" : "row-differs";
}

const hashes = ({ rows }: Rows) => new Map(rows.map(([key, hash]) => [JSON.stringify(key), hash]));

/** A table without a key, as a whole. */
async function lookAtSums(active: Digests, standby: Digests, range: Range): Promise<Seen> {
  const sum = async (side: Digests, reached?: string) => {
    const { chunks, position } = await side.ranges([range], reached);
    return { position, text: JSON.stringify(chunks[0]) };
  };
  const first = await sum(active);
  const theirs = await sum(standby, first.position);
  const last = await sum(active);
  const seen: Seen = { different: new Map(), unclear: new Map() };
  if (theirs.text === first.text || theirs.text === last.text) return seen;
  if (first.text !== last.text) seen.unclear.set("", null);
  else seen.different.set("", { kind: "rows-differ", table: nameOf(range.table), key: null });
  return seen;
}
