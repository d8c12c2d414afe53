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

/** The change (null: none) and, in the same transaction, a look at all keys of the site. */
export function bodyOf(site: string, change: Change | null): TransactionBody {
  const look = { request_range: { key: encode(prefixOf(site)), range_end: encode(endOf(prefixOf(site))) } };
  if (change === null) return { compare: [], success: [look], failure: [look] };
  const { compares, puts } = transactionOf(change);
  return {
    compare: compares.flatMap((one) => compareBody(site, one)),
    success: [...puts.map((one) => putBody(site, one)), look],
    failure: [look],
  };
}

/** What etcd answers, as far as it is read. */
interface Answer {
  header?: { revision?: string };
  succeeded?: boolean;
  responses?: { response_range?: { kvs?: { key: string; value?: string; mod_revision: string }[] } }[];
}

/** Throws on an answer that is none, or holds a value that nobody here wrote. */
export function storeOf(site: string, answer: unknown): { done: boolean; store: Store } {
  const { header, succeeded, responses } = answer as Answer;
  const look = responses?.at(-1)?.response_range;
  if (header?.revision === undefined || look === undefined)
    throw new Error("etcd's answer has no look in it");
  const prefix = prefixOf(site);
  const found = new Map(
    (look.kvs ?? []).map(({ key, value, mod_revision }) => [
      decode(key).slice(prefix.length),
      { value: JSON.parse(decode(value ?? "")) as unknown, revision: Number(mod_revision) },
    ]),
  );
  const store: Store = {
    revision: Number(header.revision),
    writer: (found.get("writer") as Versioned<Writer> | undefined) ?? null,
    epoch: (found.get("epoch")?.value as number | undefined) ?? 0,
    sync: (found.get("sync") as Versioned<SyncSet> | undefined) ?? null,
    durability: (found.get("durability")?.value as Store["durability"] | undefined) ?? null,
    paused: found.has("pause"),
  };
  return { done: succeeded === true, store };
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
