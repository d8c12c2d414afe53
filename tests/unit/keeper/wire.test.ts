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
  const looked = { request_range: { key: encode("/evenkeel/shop/"), range_end: encode("/evenkeel/shop0") } };

  test("looks at the site's keys and no other site's, whatever becomes of the change", () => {
    const body = bodyOf("shop", { kind: "renew", writer });
    expect(body.success.at(-1)).toEqual(looked);
    expect(body.failure).toEqual([looked]);
    expect(bodyOf("shop", null)).toEqual({ compare: [], success: [looked], failure: [looked] });
    // "/" is followed by "0": a site called shop-2 is outside.
    expect(prefixOf("shop") < "/evenkeel/shop0").toBe(true);
    expect("/evenkeel/shop-2/writer" < prefixOf("shop")).toBe(true);
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
