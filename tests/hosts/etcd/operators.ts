import { describe, expect, test } from "@jest/globals";
import { parseEtcdKeys, parseLockAnswer } from "../../../automation/remote/etcd.ts";
import { type EtcdMembers, type MemberName, memberNames } from "../support/etcd-members.ts";
import { expectVoters } from "./words.ts";

const by = { who: "alice", at: "2026-01-01T00:00:00Z" };
const lockOf = (run: string) => ({
  ...{
    run,
    ...by,
    host: "desk",
    machineId: null,
    bootId: null,
    pidNamespace: null,
    pid: 42,
    startTime: null,
  },
  ...{ command: "failover --to secondary", to: "secondary" },
});

/** What operators keep, through whichever member answers; tests/files/etcd-keys has each verb by itself. */
export function etcdOperatorTests(of: () => EtcdMembers): void {
  const verb = (through: MemberName, words: string, document: object = {}) =>
    of().run(through, `evenkeel-etcd ${words} --deadline 8`, JSON.stringify(document));
  const keys = async (through: MemberName) => parseEtcdKeys((await verb(through, "get")).stdout);

  describe("what operators keep", () => {
    test("a lock that was taken through one member is refused through another (13), and freed through any", async () => {
      expect((await verb("primary", "lock", lockOf("r1"))).exitCode).toBe(0);
      const refused = await verb("third", "lock", lockOf("r2"));
      expect(refused.exitCode).toBe(13);
      expect(parseLockAnswer(refused.stdout)).toMatchObject({ locked: false, holder: lockOf("r1") });
      expect((await keys("secondary")).lock).toEqual(lockOf("r1"));
      expect((await verb("secondary", "lock --instead-of r1", lockOf("r2"))).exitCode).toBe(0);
      expect(parseLockAnswer((await verb("third", "unlock --run r1")).stdout).holder?.run).toBe("r2");
      expect(parseLockAnswer((await verb("third", "unlock --run r2")).stdout).locked).toBe(false);
      expect((await keys("primary")).lock).toBeNull();
    });

    test("a member without a majority gives no lock and takes none away (1); the others do", async () => {
      expect((await verb("secondary", "lock", lockOf("r1"))).exitCode).toBe(0);
      await of().cut("primary");
      try {
        for (const words of ["lock", "lock --instead-of r1", "unlock --run r1"]) {
          const { exitCode, stdout } = await verb("primary", words, lockOf("r2"));
          expect({ words, exitCode, stdout }).toEqual({ words, exitCode: 1, stdout: "" });
        }
        expect((await verb("third", "lock", lockOf("r2"))).exitCode).toBe(13);
        expect((await verb("third", "unlock --run r1")).exitCode).toBe(0);
      } finally {
        await of().heal();
      }
      expect(await of().etcd("primary", "join --deadline 60")).toMatchObject({ majority: true });
      await expectVoters(of(), memberNames);
      expect((await keys("third")).lock).toBeNull();
    });

    test("moves, a pause and an acknowledgement are told by every member", async () => {
      const move = { run: "r1", kind: "failover", from: "primary", to: "secondary", epoch: 2, ...by };
      const until = Math.floor(Date.now() / 1000) + 3600;
      expect((await verb("primary", "record", move)).exitCode).toBe(0);
      expect((await verb("secondary", `pause --until ${until}`, by)).exitCode).toBe(0);
      expect((await verb("third", "ack", { run: "r1", ...by })).exitCode).toBe(0);
      const told = { history: [move], pause: { until, ...by, over: false }, ack: { run: "r1", ...by } };
      for (const name of memberNames) expect(await keys(name)).toMatchObject(told);
      expect((await verb("third", "pause --until none")).exitCode).toBe(0);
      expect((await keys("primary")).pause).toBeNull();
    });

    test.each([
      ["unlock", "needs --run"],
      ["unlock --run 'a b'", "--run needs a run"],
      ["lock --run r1", "does not take '--run'"],
      ["pause", "needs --until"],
      ["pause --until tomorrow", "got 'tomorrow'"],
      ["ack --until 5", "does not take '--until'"],
      ["lock --deadline 0", "1 to 9999 s"],
    ])("'%s' is a usage error (2)", async (words, reason) => {
      const { exitCode, stdout, stderr } = await of().run("third", `evenkeel-etcd ${words}`, "{}");
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(reason);
    });
  });
}
