import { describe, expect, test } from "@jest/globals";
import type { DockerResult } from "../../../automation/lab/docker.ts";
import { type EtcdKeys, parseEtcdKeys, parseLockAnswer } from "../../../automation/remote/etcd.ts";

/** The program on its host, and a key put past it. */
interface Access {
  run(
    words: readonly string[],
    options?: { input?: string; variables?: readonly string[] },
  ): Promise<DockerResult>;
  put(key: string, value: string): Promise<DockerResult>;
}

const by = { who: 'Ana "O\'Neill" \\ ✓', at: "2026-01-01T00:00:00Z" };
const lockOf = (run: string) => ({
  ...{ run, ...by, host: "desk", machineId: null, bootId: "b", pidNamespace: null, pid: 42, startTime: "7" },
  ...{ command: "switchover --to secondary", to: "secondary" },
});
const moveOf = (run: string, change: object = {}) => ({
  ...{ run, ...by, kind: "failover" as const, from: "primary", to: "secondary", epoch: 4 },
  ...{ seconds: 3.2, loss: null, ...change },
});

/** The verbs of evenkeel-etcd about what operators keep, on a real etcd. */
export function operatorKeyTests({ run, put }: Access): void {
  const lock = async (by: string, variables: readonly string[] = []) => {
    const { exitCode, stdout } = await run(["lock"], { input: JSON.stringify(lockOf(by)), variables });
    return { exitCode, ...parseLockAnswer(stdout) };
  };
  const unlock = async (by: string) => {
    const { exitCode, stdout } = await run(["unlock"], { variables: [`RUN=${by}`] });
    return { exitCode, ...parseLockAnswer(stdout) };
  };
  /** What a verb that puts something told, as the command line reads it. */
  const told = async (
    verb: string,
    document: object,
    variables: readonly string[] = [],
  ): Promise<EtcdKeys> => {
    const { exitCode, stdout, stderr } = await run([verb], { input: JSON.stringify(document), variables });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    return parseEtcdKeys(stdout);
  };
  const keys = () => told("get", {});

  describe("the site's lock", () => {
    test("is taken once; to another run it is refused (13) with the holder, and stays that one's", async () => {
      expect(await lock("r1")).toMatchObject({ exitCode: 0, locked: true, holder: lockOf("r1") });
      expect(await lock("r2")).toMatchObject({ exitCode: 13, locked: false, holder: lockOf("r1") });
      expect((await keys()).lock).toEqual(lockOf("r1"));
      expect(await lock("r1")).toMatchObject({ exitCode: 0, locked: true });
    });

    test("is taken over from the run that is named, and from no other", async () => {
      await lock("r1");
      expect(await lock("r2", ["INSTEAD_OF=r0"])).toMatchObject({ exitCode: 13, holder: { run: "r1" } });
      expect(await lock("r2", ["INSTEAD_OF=r1"])).toMatchObject({ exitCode: 0, holder: { run: "r2" } });
      expect(await lock("r3", ["INSTEAD_OF=r1"])).toMatchObject({ exitCode: 13, holder: { run: "r2" } });
    });

    test("is given back by its run alone, twice as well as once", async () => {
      await lock("r1");
      expect(await unlock("r2")).toMatchObject({ exitCode: 0, locked: true, holder: { run: "r1" } });
      expect((await keys()).lock?.run).toBe("r1");
      for (const _ of [1, 2]) expect(await unlock("r1")).toMatchObject({ locked: false, holder: null });
      expect((await keys()).lock).toBeNull();
    });

    test("is one run's, of many that want it at the same moment", async () => {
      const answers = await Promise.all(["a", "b", "c", "d"].map((name) => lock(name)));
      const winners = answers.filter(({ exitCode }) => exitCode === 0);
      expect(winners).toHaveLength(1);
      for (const { holder } of answers) expect(holder).toEqual(winners[0]?.holder);
    });

    test.each([
      ["nothing", "", "needs one JSON object"],
      ["two documents", "{}{}", "needs one JSON object"],
      ["a list", "[]", "needs one JSON object"],
      ["no process", JSON.stringify({ ...lockOf("r1"), pid: "42" }), "standard input: pid"],
      ["no region's name", JSON.stringify({ ...lockOf("r1"), to: "../x" }), "standard input: to"],
      ["too much", JSON.stringify({ ...lockOf("r1"), more: "x".repeat(70_000) }), "at most 65536"],
    ])("takes no record that is %s (2), and nobody holds it then", async (_, input, reason) => {
      const { exitCode, stdout, stderr } = await run(["lock"], { input });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
      expect(stderr).toContain(reason);
      expect((await keys()).lock).toBeNull();
    });
  });

  describe("the history", () => {
    test("has the newest move last, and each of them once however often it is told", async () => {
      await told("record", moveOf("r1"));
      await told("record", moveOf("r2", { epoch: 5 }));
      const again = await told("record", moveOf("r1", { loss: { rows: 3, seconds: 0.4 } }));
      expect(again.history).toEqual([
        moveOf("r1", { loss: { rows: 3, seconds: 0.4 } }),
        moveOf("r2", { epoch: 5 }),
      ]);
      const other = await told("record", moveOf("r1", { kind: "failback" }));
      expect(other.history.map(({ run: one, kind }) => `${one} ${kind}`)).toEqual([
        "r1 failover",
        "r2 failover",
        "r1 failback",
      ]);
    });

    test("keeps fifty", async () => {
      const fifty = Array.from({ length: 50 }, (_, i) => moveOf(`r${i}`));
      await put("history", JSON.stringify(fifty));
      const { history } = await told("record", moveOf("new"));
      expect([history.length, history[0]?.run, history.at(-1)?.run]).toEqual([50, "r1", "new"]);
    });

    test("loses none of those that are told at the same moment", async () => {
      await Promise.all(["a", "b", "c"].map((name) => told("record", moveOf(name))));
      expect((await keys()).history.map(({ run: one }) => one).sort()).toEqual(["a", "b", "c"]);
    });

    test("takes no move without an epoch (2), and adds nothing to what is no list (1)", async () => {
      const { epoch: _, ...without } = moveOf("r1");
      const { exitCode, stderr } = await run(["record"], { input: JSON.stringify(without) });
      expect(exitCode).toBe(2);
      expect(stderr).toContain("standard input: epoch");
      await put("history", '"none"');
      expect(await run(["record"], { input: JSON.stringify(moveOf("r1")) })).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("is no list of moves"),
      });
    });
  });

  test("a pause has an end, which the last word sets, and is over by the host's clock", async () => {
    const now = Math.floor(Date.now() / 1000);
    const until = async (seconds: number) => (await told("pause", by, [`UNTIL=${seconds}`])).pause;
    expect(await until(now + 600)).toEqual({ ...by, until: now + 600, over: false });
    expect(await until(now - 1)).toEqual({ ...by, until: now - 1, over: true });
    for (const _ of [1, 2]) expect((await told("pause", {}, ["UNTIL=none"])).pause).toBeNull();
  });

  test("an acknowledgement names the failover's run", async () => {
    await told("ack", { run: "r1", ...by });
    expect((await told("ack", { run: "r2", ...by })).ack).toEqual({ run: "r2", ...by });
    expect((await run(["ack"], { input: JSON.stringify(by) })).exitCode).toBe(2);
    expect((await keys()).ack?.run).toBe("r2");
  });
}
