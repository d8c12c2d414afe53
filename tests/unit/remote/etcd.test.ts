import { describe, expect, test } from "@jest/globals";
import { etcdCommand, parseEtcdKeys, parseLockAnswer } from "../../../automation/remote/etcd.ts";
import { quote } from "../../../automation/remote/shell.ts";

const keys = {
  apiVersion: "evenkeel/v1",
  site: "shop",
  revision: 90,
  writer: { region: "primary", epoch: 3 },
  lease: { renewed: true, milliseconds: 210 },
  epoch: 3,
  sync: { regions: ["primary", "secondary"], joined: true },
  durability: null,
  pause: null,
  lock: null,
  history: [],
  ack: null,
};
const lock = {
  ...{ run: "r1", who: "alice", host: "desk", machineId: "m", bootId: "b", pidNamespace: "pid:[1]" },
  ...{ pid: 42, startTime: "7", command: "failover --to secondary", at: "2026-01-01T00:00:00Z" },
  to: "secondary",
};
const move = {
  kind: "failover" as const,
  ...{ run: "r1", from: "primary", to: "secondary", epoch: 4, who: "alice" },
  ...{ at: "2026-01-01T00:00:09Z", seconds: 8.5, loss: { rows: 0, seconds: 0 } },
};
const parsed = (change: object) => parseEtcdKeys(JSON.stringify({ ...keys, ...change }));

describe("commands to a member of etcd", () => {
  test("are one program with a verb and a deadline", () => {
    expect(quote(etcdCommand.get().argv)).toBe("sudo -n /usr/local/sbin/evenkeel-etcd get --deadline 10");
    expect(quote(etcdCommand.putDurability("strict", { deadlineSeconds: 4 }).argv)).toBe(
      "sudo -n /usr/local/sbin/evenkeel-etcd put-durability strict --deadline 4",
    );
  });

  test("hand their documents over on standard input, and name nobody in their arguments", () => {
    const by = { who: "alice", at: "2026-01-01T00:00:00Z" };
    const given = [
      [etcdCommand.lock(lock), "lock --deadline 10", lock],
      [
        etcdCommand.lock(lock, { insteadOf: "r0", deadlineSeconds: 3 }),
        "lock --instead-of r0 --deadline 3",
        lock,
      ],
      [etcdCommand.unlock("r1"), "unlock --run r1 --deadline 10", undefined],
      [etcdCommand.record(move), "record --deadline 10", move],
      [etcdCommand.pause(1_800_000_000, by), "pause --until 1800000000 --deadline 10", by],
      [etcdCommand.endPause(), "pause --until none --deadline 10", undefined],
      [etcdCommand.ack({ run: "r1", ...by }), "ack --deadline 10", { run: "r1", ...by }],
    ] as const;
    for (const [{ argv, stdin }, words, document] of given) {
      expect(quote(argv)).toBe(`sudo -n /usr/local/sbin/evenkeel-etcd ${words}`);
      expect(stdin === undefined ? undefined : JSON.parse(stdin)).toEqual(document);
    }
  });

  test("refuse a deadline that the host would refuse", () => {
    for (const deadlineSeconds of [0, 1.5, -1, Number.NaN])
      expect(() => etcdCommand.get({ deadlineSeconds })).toThrow(`deadlineSeconds ${deadlineSeconds}`);
  });
});

describe("what etcd holds of a site", () => {
  test("is read as it was told; before the first birth there is none of it", () => {
    expect(parsed({})).toEqual(keys);
    const none = { writer: null, lease: null, epoch: null, sync: null };
    expect(parsed(none)).toEqual({ ...keys, ...none });
  });

  test("has what operators keep in it", () => {
    const pause = { until: 1_800_000_000, who: "alice", at: "2026-01-01T00:00:00Z", over: false };
    const kept = { pause, lock, history: [move], ack: { run: "r1", who: "bob", at: "2026-01-01T00:00:10Z" } };
    expect(parsed(kept)).toEqual({ ...keys, ...kept });
  });

  test("of an older host says of a pause whether there is one, and knows no lock and no history", () => {
    const { pause: _pause, lock: _lock, history: _history, ack: _ack, ...older } = keys;
    const told = (pause: boolean) => parseEtcdKeys(JSON.stringify({ ...older, pause }));
    expect(told(false)).toEqual(keys);
    expect(told(true).pause).toEqual({ until: null, who: null, at: null, over: false });
  });

  test("of a move that says nothing of its time and loss knows neither", () => {
    const { seconds: _seconds, loss: _loss, ...bare } = move;
    expect(parsed({ history: [bare] }).history).toEqual([{ ...bare, seconds: null, loss: null }]);
  });

  test.each([
    ["a lock without a process", { lock: { ...lock, pid: undefined } }],
    ["a move of no kind", { history: [{ ...move, kind: "jump" }] }],
    ["a pause that is a text", { pause: "yes" }],
    ["another durability", { durability: "loose" }],
    ["a writer without an epoch", { writer: { region: "primary" } }],
    ["a lease of no length", { lease: { renewed: true, milliseconds: -1 } }],
    ["no revision", { revision: undefined }],
    ["another version", { apiVersion: "evenkeel/v2" }],
  ])("is refused with %s", (_, change) => {
    expect(() => parsed(change)).toThrow();
  });
});

test("an answer about the lock says whose it is", () => {
  const answer = { apiVersion: "evenkeel/v1", site: "shop", locked: false, holder: lock };
  expect(parseLockAnswer(JSON.stringify(answer))).toEqual(answer);
  expect(parseLockAnswer(JSON.stringify({ ...answer, holder: null })).holder).toBeNull();
  expect(() => parseLockAnswer(JSON.stringify({ ...answer, holder: { run: "r1" } }))).toThrow();
});
