import { describe, expect, test } from "@jest/globals";
import { etcdCommand, parseEtcdKeys } from "../../../automation/remote/etcd.ts";
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
  pause: false,
};
const parsed = (change: object) => parseEtcdKeys(JSON.stringify({ ...keys, ...change }));

describe("commands to a member of etcd", () => {
  test("are one program with a verb and a deadline", () => {
    expect(quote(etcdCommand.get().argv)).toBe("sudo -n /usr/local/sbin/evenkeel-etcd get --deadline 10");
    expect(quote(etcdCommand.putDurability("strict", { deadlineSeconds: 4 }).argv)).toBe(
      "sudo -n /usr/local/sbin/evenkeel-etcd put-durability strict --deadline 4",
    );
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

  test.each([
    ["another durability", { durability: "loose" }],
    ["a writer without an epoch", { writer: { region: "primary" } }],
    ["a lease of no length", { lease: { renewed: true, milliseconds: -1 } }],
    ["no revision", { revision: undefined }],
    ["another version", { apiVersion: "evenkeel/v2" }],
  ])("is refused with %s", (_, change) => {
    expect(() => parsed(change)).toThrow();
  });
});
