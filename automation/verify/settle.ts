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
  let before: Map<string, Difference> | null = null;
  let seen: Seen = { different: new Map(), unclear: new Map() };
  for (let round = 0; round < mostRounds; round++) {
    seen = await look(active, standby, range);
    const again = [...seen.different].filter(([id]) => before?.has(id) === true);
    if (seen.unclear.size === 0 && again.length === seen.different.size)
      return { differences: again.map(([, one]) => one), changing: [] };
    before = seen.different;
  }
  const changing = [...seen.unclear.values()].map((key) => ({ table: nameOf(range.table), key }));
  return { differences: [...seen.different.values()], changing };
}

/** By a row's key as text. */
interface Seen {
  different: Map<string, Difference>;
  unclear: Map<string, Key | null>;
}

async function lookAtRows(active: Digests, standby: Digests, range: Range): Promise<Seen> {
  const first = await active.rows(range);
  const theirs = hashes(await standby.rows(range, first.position));
  const last = hashes(await active.rows(range));
  const ours = hashes(first);
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
