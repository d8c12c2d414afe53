import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { etcdClientTests } from "./etcd/clients.ts";
import { etcdJoinTests } from "./etcd/join.ts";
import { etcdLossTests } from "./etcd/loss.ts";
import { etcdOperatorTests } from "./etcd/operators.ts";
import { etcdRestartTests } from "./etcd/restart.ts";
import { buildMembers, type EtcdMembers } from "./support/etcd-members.ts";

let members: EtcdMembers;

beforeAll(async () => {
  members = await buildMembers();
}, 600_000);

afterAll(async () => {
  await members?.close();
}, 120_000);

/** The tests of all chapters follow each other: what one leaves is where the next begins. */
describe("the site's etcd", () => {
  etcdJoinTests(() => members);
  etcdClientTests(() => members);
  etcdRestartTests(() => members);
  etcdOperatorTests(() => members);
  etcdLossTests(() => members);
  test("ends with all three members well", async () => {
    for (const { voter } of (await members.etcd("third", "status")).members ?? []) expect(voter).toBe(true);
  });
});
