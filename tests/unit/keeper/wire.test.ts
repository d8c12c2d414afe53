import { describe, expect, test } from "@jest/globals";
import { bodyOf, prefixOf, storeOf } from "../../../automation/keeper/wire.ts";

const encode = (text: string) => Buffer.from(text, "utf8").toString("base64");
const decode = (text: unknown) => Buffer.from(String(text), "base64").toString("utf8");
const writer = { region: "primary", epoch: 4 };

const answer = (values: Record<string, [value: string, revision: string]>) => ({
  header: { revision: "90" },
  succeeded: true,
  responses: [
    { response_put: {} },
    {
      response_range: {
        kvs: Object.entries(values).map(([key, [value, mod_revision]]) => ({
          key: encode(`/evenkeel/shop/${key}`),
          value: encode(value),
          mod_revision,
        })),
      },
    },
  ],
});

describe("a question to etcd", () => {
  const looked = [
    ["/evenkeel/shop/durability", "/evenkeel/shop/history"],
    ["/evenkeel/shop/pause", "/evenkeel/shop0"],
  ] as const;
  const looks = looked.map(([key, end]) => ({ request_range: { key: encode(key), range_end: encode(end) } }));

  test("looks at the site's keys and no other site's, whatever becomes of the change", () => {
    const body = bodyOf("shop", { kind: "renew", writer });
    expect(body.success.slice(1)).toEqual(looks);
    expect(body.failure).toEqual(looks);
    expect(bodyOf("shop", null)).toEqual({ compare: [], success: looks, failure: looks });
    // "/" is followed by "0": a site called shop-2 is outside.
    expect(prefixOf("shop") < "/evenkeel/shop0").toBe(true);
    expect("/evenkeel/shop-2/writer" < prefixOf("shop")).toBe(true);
  });

  test("sees each key of a keeper's and none that only operators read", () => {
    const isSeen = (name: string) =>
      looked.some(([from, end]) => from <= `/evenkeel/shop/${name}` && `/evenkeel/shop/${name}` < end);
    expect(["writer", "epoch", "sync", "durability", "pause"].filter((name) => !isSeen(name))).toEqual([]);
    expect(["ack", "history", "lock"].filter(isSeen)).toEqual([]);
  });

  test("compares a value by the very text that was written", () => {
    const renewing = bodyOf("shop", { kind: "renew", writer: { epoch: 4, region: "primary" } });
    const [compare] = renewing.compare as { target: string; value: string }[];
    const [put] = renewing.success as { request_put: { value: string } }[];
    expect(compare?.target).toBe("VALUE");
    expect(compare?.value).toBe(put?.request_put.value);
    expect(decode(compare?.value)).toBe('{"epoch":4,"region":"primary"}');
  });

  test("compares a revision; 0 is what etcd says of a key that is absent", () => {
    const { compare } = bodyOf("shop", { kind: "found", writer, durability: "strict" });
    expect(compare).toHaveLength(3);
    for (const one of compare)
      expect(one).toMatchObject({ target: "MOD", mod_revision: "0", result: "EQUAL" });
  });

  test("gives the lease back by taking the key away", () => {
    const [first] = bodyOf("shop", { kind: "give-back", writer }).success;
    expect(first).toEqual({ request_delete_range: { key: encode("/evenkeel/shop/writer") } });
  });
});

describe("an answer of etcd", () => {
  test("is the store with the revision of each key's last write", () => {
    const values = answer({
      writer: ['{"epoch":4,"region":"primary"}', "88"],
      epoch: ["4", "12"],
      sync: ['{"joined":true,"regions":["primary"]}', "13"],
      durability: ['"strict"', "2"],
      pause: ["true", "3"],
    });
    expect(storeOf("shop", values)).toEqual({
      done: true,
      store: {
        revision: 90,
        writer: { value: writer, revision: 88 },
        epoch: 4,
        sync: { value: { joined: true, regions: ["primary"] }, revision: 13 },
        durability: "strict",
        paused: true,
      },
    });
  });

  test("has a pause until it is over by the host's clock, and one that can't be read for good", () => {
    const pausedAt = (value: string, nowMs: number) =>
      storeOf("shop", answer({ pause: [value, "3"] }), nowMs).store.paused;
    const pause = '{"who":"alice","at":"2026-01-01T00:00:00Z","until":1800000000}';
    expect(pausedAt(pause, 1_799_999_999_999)).toBe(true);
    expect(pausedAt(pause, 1_800_000_000_000)).toBe(false);
    for (const endless of ["true", "since noon", "{}", '{"until":"1800000000"}', "null"])
      expect(pausedAt(endless, 1_900_000_000_000)).toBe(true);
  });

  test("is put together of both looks, behind the answers of what was put", () => {
    const kv = (key: string, value: string) => ({
      ...{ key: encode(`/evenkeel/shop/${key}`), value: encode(value), mod_revision: "7" },
    });
    const responses = [
      { response_put: {} },
      { response_range: { kvs: [kv("epoch", "4")] } },
      { response_range: { kvs: [kv("writer", JSON.stringify(writer))] } },
    ];
    const { store } = storeOf("shop", { header: { revision: "90" }, succeeded: true, responses });
    expect(store).toMatchObject({ epoch: 4, writer: { value: writer, revision: 7 } });
  });

  test("without keys knows of nobody; refused is not done", () => {
    const { done, store } = storeOf("shop", { ...answer({}), succeeded: undefined });
    expect(done).toBe(false);
    expect(store).toEqual({
      revision: 90,
      writer: null,
      epoch: 0,
      sync: null,
      durability: null,
      paused: false,
    });
  });

  test("that is none, or that holds what nobody here wrote, is an error and no store", () => {
    expect(() => storeOf("shop", { error: "etcdserver: no leader" })).toThrow("no look");
    expect(() => storeOf("shop", answer({ writer: ["somebody", "1"] }))).toThrow();
  });
});
