import { spawnSync } from "node:child_process";
import { describe, expect, test } from "@jest/globals";
import type { SiteOutputs } from "../../../automation/hosts.ts";
import { ownIdentity } from "../../../automation/processes.ts";
import { parseEtcdKeys, parseLockAnswer } from "../../../automation/remote/etcd.ts";
import { quote } from "../../../automation/remote/shell.ts";
import type { SshSession } from "../../../automation/remote/ssh.ts";
import { withSiteLock } from "../../../automation/rollout/site-lock.ts";
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

const gateway = (id: MemberName, role = "gateway") => ({ hosts: [{ id, role }] });
const outputs = {
  regions: { primary: gateway("primary"), secondary: gateway("secondary") },
  global: gateway("third", "edge"),
} as unknown as SiteOutputs;

/** What a session over SSH does, by Docker: as root, so without sudo. */
const sessionOf = (members: EtcdMembers) =>
  ({
    run: (host: MemberName, { argv, stdin }: { argv: readonly string[]; stdin?: string }) =>
      members.run(host, quote(argv.slice(2)), stdin),
  }) as unknown as SshSession;

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
    }, 180_000);

    test("of two operators at once one works and the other is refused (13), past a member that is cut off", async () => {
      const seen: string[] = [];
      const operator = (run: string, record = lockOf(run)) =>
        withSiteLock({ ssh: sessionOf(of()), outputs, site: "scratch-etcd", record }, async (lock) => {
          seen.push(`${run} ${lock?.record.run ?? "without"} ${(await keys("third")).lock?.run}`);
        });
      await of().cut("primary");
      try {
        const ends = await Promise.allSettled([operator("r1"), operator("r2")]);
        expect(seen).toHaveLength(1);
        expect(seen[0]).toMatch(/^(r[12]) \1 \1$/);
        const [refusal] = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
        expect(refusal).toMatchObject({ exitCode: 13, what: expect.stringContaining("by alice") });
        expect((await keys("third")).lock).toBeNull();
        const dead = { ...lockOf("dead"), ...ownIdentity(), pid: spawnSync("true").pid };
        expect((await verb("secondary", "lock", dead)).exitCode).toBe(0);
        await operator("r3");
        expect(seen[1]).toBe("r3 r3 r3");
      } finally {
        await of().heal();
      }
      expect(await of().etcd("primary", "join --deadline 60")).toMatchObject({ majority: true });
      await expectVoters(of(), memberNames);
    }, 180_000);

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
