import { describe, expect, test } from "@jest/globals";
import type { Etcd, EtcdAnswer } from "../../../automation/keeper/etcd.ts";
import { claim, found, seize } from "../../../automation/keeper/request.ts";
import type { KeeperSettings } from "../../../automation/keeper/settings.ts";
import type { Change, Store } from "../../../automation/keeper/store.ts";
import { others, store } from "./support.ts";

const settings: KeeperSettings = {
  site: "shop",
  region: "primary",
  host: "database",
  peers: ["secondary"],
  port: 3306,
  etcd: { addresses: ["127.0.0.1"], serverName: "etcd.shop.test" },
  lease: { leaseMs: 20, renewMs: 2, softMs: 15, hardMs: 80 },
  boundedWaitMs: 2000,
  durability: "bounded",
  mostAckers: 1,
};

/** An etcd that gives these answers, one after the other, and keeps what it was asked. */
function etcd(...answers: EtcdAnswer[]) {
  const asked: (Change | null)[] = [];
  const ask = async (change: Change | null) => {
    asked.push(change);
    return answers[Math.min(asked.length, answers.length) - 1] as EtcdAnswer;
  };
  return { asked, client: { ask } as unknown as Etcd };
}

const done = (seen: Store): EtcdAnswer => ({ outcome: "done", store: seen });
const refused = (seen: Store): EtcdAnswer => ({ outcome: "refused", store: seen });
const unknown: EtcdAnswer = { outcome: "unknown", reason: "no leader" };
const vacant = { ...store, writer: null };

describe("found", () => {
  test("makes this region the writer where nothing is known of the site, with the durability of its configuration", async () => {
    const one = etcd(done(store));
    expect(await found(one.client, settings, 1)).toMatchObject({ exit: 0 });
    expect(one.asked).toEqual([
      null,
      { kind: "found", writer: { region: "primary", epoch: 1 }, durability: "bounded" },
    ]);
  });

  test("leaves a durability that an operator chose before", async () => {
    const one = etcd(done({ ...store, durability: "strict" }));
    expect(await found(one.client, settings, 1)).toMatchObject({ exit: 0 });
    expect(one.asked.at(-1)).toMatchObject({ kind: "found", durability: "strict" });
  });

  test.each([
    ["this region's lease", store, 0],
    ["a vacant lease, this region in sync", vacant, 0],
    [
      "a vacant lease, this region not in sync",
      { ...vacant, sync: { value: { regions: ["secondary"], joined: false }, revision: 4 } },
      12,
    ],
    ["another region's lease", others, 12],
  ])("where etcd knows of the site it goes by that: %s", async (_, seen, exit) => {
    expect(await found(etcd(refused(seen)).client, settings, 1)).toMatchObject({ exit });
  });

  test("without an answer nothing is said to be founded", async () => {
    expect(await found(etcd(unknown).client, settings, 1)).toMatchObject({ exit: 1 });
  });
});

describe("claim", () => {
  test("waits for the lease's time, then compares all that it saw", async () => {
    const one = etcd(done(others));
    expect(await claim(one.client, settings, 2)).toMatchObject({ exit: 0 });
    expect(one.asked.at(-1)).toEqual({
      kind: "claim",
      region: "primary",
      epoch: 1,
      writerRevision: 3,
      syncRevision: 4,
    });
  });

  test("is refused beside a writer that renews", async () => {
    const later = { ...others, writer: { ...others.writer, revision: 4 } };
    const one = etcd(done(others), done(later));
    expect(await claim(one.client, settings, 2)).toMatchObject({ exit: 12 });
    expect(one.asked).toEqual([null, null]);
  });

  test("is refused to a region that lacks something, and for an epoch that is not the next", async () => {
    const without = { ...vacant, sync: { value: { regions: ["secondary"], joined: true }, revision: 4 } };
    expect(await claim(etcd(done(without)).client, settings, 2)).toMatchObject({ exit: 12 });
    expect(await claim(etcd(done(vacant)).client, settings, 3)).toMatchObject({ exit: 12 });
  });

  test("one that came second is refused, one without an answer is not known", async () => {
    expect(await claim(etcd(done(vacant), refused(vacant)).client, settings, 2)).toMatchObject({ exit: 12 });
    expect(await claim(etcd(done(vacant), unknown).client, settings, 2)).toMatchObject({ exit: 1 });
  });
});

describe("seize", () => {
  test("takes a silent writer's place although this region is not in sync, alone in it from then on", async () => {
    const without = { ...others, sync: { value: { regions: ["secondary"], joined: true }, revision: 4 } };
    const one = etcd(done(without));
    expect(await seize(one.client, settings, 5, ["secondary"])).toMatchObject({ exit: 0 });
    expect(one.asked.at(-1)).toEqual({
      kind: "seize",
      writer: { region: "primary", epoch: 5 },
      epoch: 1,
      writerRevision: 3,
    });
  });

  test("is refused for an epoch that was granted, and beside a writer that renews", async () => {
    expect(await seize(etcd(done(vacant)).client, settings, 1, [])).toMatchObject({ exit: 12 });
    const later = { ...others, writer: { ...others.writer, revision: 4 } };
    const renews = etcd(done(others), done(later));
    expect(await seize(renews.client, settings, 5, ["secondary"])).toMatchObject({ exit: 12 });
  });

  test("wants an operator's word that the silent writer's machine is off: its silence is no proof (schedule 9)", async () => {
    const one = etcd(done(others));
    expect(await seize(one.client, settings, 5, ["third"])).toMatchObject({
      exit: 12,
      reason: expect.stringContaining("--confirmed-off secondary"),
    });
    expect(one.asked.every((change) => change === null)).toBe(true);
  });
});
