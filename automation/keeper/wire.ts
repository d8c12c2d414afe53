import type { Change, Compare, Put, Store, SyncSet, Versioned, Writer } from "./store.ts";
import { transactionOf } from "./store.ts";

/**
 * A site's keys as etcd's JSON gateway carries them (`POST /v3/kv/txn`; keys and values base64, numbers as texts:
 * etcd.io/docs/v3.5/dev-guide/api_grpc_gateway). Values are JSON.
 */
export interface TransactionBody {
  compare: object[];
  success: object[];
  failure: object[];
}

/** Every key of a site begins with this. */
export function prefixOf(site: string): string {
  return `/evenkeel/${site}/`;
}

/** The change (null: none) and, in the same transaction, a look at all keys of the site that are a keeper's business. */
export function bodyOf(site: string, change: Change | null): TransactionBody {
  const looks = looksAt(site);
  if (change === null) return { compare: [], success: looks, failure: looks };
  const { compares, puts } = transactionOf(change);
  return {
    compare: compares.flatMap((one) => compareBody(site, one)),
    success: [...puts.map((one) => putBody(site, one)), ...looks],
    failure: looks,
  };
}

/**
 * Two ranges, from `durability` and from `pause`: what operators keep (`ack`, `history`, `lock`) lies outside of them. The
 * history is kilobytes, and a keeper asks five times a second.
 */
function looksAt(site: string): object[] {
  const prefix = prefixOf(site);
  const range = (from: string, end: string) => ({
    request_range: { key: encode(from), range_end: encode(end) },
  });
  return [range(`${prefix}durability`, `${prefix}history`), range(`${prefix}pause`, endOf(prefix))];
}

/** What etcd answers, as far as it is read. */
interface Answer {
  header?: { revision?: string };
  succeeded?: boolean;
  responses?: { response_range?: { kvs?: { key: string; value?: string; mod_revision: string }[] } }[];
}

/**
 * Throws on an answer that is none, or holds a value that nobody here wrote. `nowMs`: this host's wall clock, in
 * milliseconds since 1970, by which a pause ends. A clock that is wrong moves that moment and nothing else: whatever is
 * promoted then is promoted by all the other rules.
 */
export function storeOf(site: string, answer: unknown, nowMs = Date.now()): { done: boolean; store: Store } {
  const { header, succeeded, responses } = answer as Answer;
  const looks = (responses ?? []).flatMap(({ response_range: look }) => (look === undefined ? [] : [look]));
  if (header?.revision === undefined || looks.length === 0)
    throw new Error("etcd's answer has no look in it");
  const prefix = prefixOf(site);
  const texts = looks
    .flatMap(({ kvs }) => kvs ?? [])
    .map(({ key, value, mod_revision }) => ({
      key: decode(key).slice(prefix.length),
      text: decode(value ?? ""),
      revision: Number(mod_revision),
    }));
  const found = new Map(
    texts
      .filter(({ key }) => key !== "pause")
      .map(({ key, text, revision }) => [key, { value: JSON.parse(text) as unknown, revision }]),
  );
  const store: Store = {
    revision: Number(header.revision),
    writer: (found.get("writer") as Versioned<Writer> | undefined) ?? null,
    epoch: (found.get("epoch")?.value as number | undefined) ?? 0,
    sync: (found.get("sync") as Versioned<SyncSet> | undefined) ?? null,
    durability: (found.get("durability")?.value as Store["durability"] | undefined) ?? null,
    paused: texts.some(({ key, text }) => key === "pause" && !isOver(text, nowMs)),
  };
  return { done: succeeded === true, store };
}

/** A pause that can't be read has no end: whoever wrote it wanted one. */
function isOver(pause: string, nowMs: number): boolean {
  try {
    const { until } = JSON.parse(pause) as { until?: unknown };
    return typeof until === "number" && until * 1000 <= nowMs;
  } catch {
    return false;
  }
}

function compareBody(site: string, { key, value, revision }: Compare): object[] {
  const base = { key: encode(prefixOf(site) + key), result: "EQUAL" };
  return [
    ...(value === null ? [] : [{ ...base, target: "VALUE", value: encode(textOf(value)) }]),
    // 0 is what etcd says of a key that is absent.
    ...(revision === null ? [] : [{ ...base, target: "MOD", mod_revision: String(revision) }]),
  ];
}

function putBody(site: string, { key, value }: Put): object {
  const name = encode(prefixOf(site) + key);
  return value === null
    ? { request_delete_range: { key: name } }
    : { request_put: { key: name, value: encode(textOf(value)) } };
}

/** Equal values are equal texts: what is compared was written by this. */
function textOf(value: Writer | SyncSet | number | string): string {
  if (typeof value !== "object") return JSON.stringify(value);
  return JSON.stringify(value, Object.keys(value).sort());
}

/** The first key behind all that begin with the prefix. */
function endOf(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

function encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

function decode(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
