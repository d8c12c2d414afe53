import { describe, expect, test } from "@jest/globals";
import {
  answerPeers,
  cutShort,
  eventually,
  killed,
  login,
  silenceSsh,
  verb,
} from "../support/database-faults.ts";
import { app, type DatabaseLab } from "../support/database-lab.ts";

/** Begins with one active at epoch 1; leaves two active at epoch 2, and one cleaned, following nobody yet. */
export function promotionTests(lab: DatabaseLab): void {
  const { freeze, insert, notes, peering, place, words } = lab;

  describe("promotion and return", () => {
    test("an epoch that is not greater than the known one is refused, and the active one is no candidate", async () => {
      expect(await verb(lab.pair, "two", "promote --epoch 1")).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("known epoch 1"),
      });
      expect((await verb(lab.pair, "one", "promote --epoch 2")).stderr).toContain("only a standby");
      expect((await verb(lab.pair, "two", "demote")).exitCode).toBe(12);
    });

    test("beside a writer, or a peer that can't be asked, nothing is promoted, whatever is said about it", async () => {
      const refused = async (words: string, reason: string) =>
        expect(await verb(lab.pair, "two", words)).toMatchObject({
          exitCode: 12,
          stderr: expect.stringContaining(reason),
        });
      await refused("promote --epoch 2", "region 'one' is writable at epoch 1");
      await refused("promote --epoch 2 --confirmed-off one", "region 'one' is writable at epoch 1");
      await silenceSsh(lab.pair, "two", true);
      await refused("promote --epoch 2", "region 'one' can't be asked").finally(() =>
        silenceSsh(lab.pair, "two", false),
      );
      await freeze("one", true);
      await refused("promote --epoch 2", "its database does not answer").finally(() => freeze("one", false));
      expect(await lab.pair.status("one")).toMatchObject({ role: "active", epoch: 1, writable: true });
      expect(await lab.pair.status("two")).toMatchObject({
        role: "standby",
        writable: false,
        replication: { receiving: true },
      });
    }, 60_000);

    test("what was received and can't be applied by the deadline refuses the promotion, and clears nothing", async () => {
      await lab.pair.script("two", `systemd-run -q --unit=hold ${words.holdNotes}`);
      await eventually(
        "the table is held",
        10_000,
        async () => (await lab.pair.sql("two", words.heldBy)) === "1",
      );
      const statement = `${words.addHeld("received, not applied")};`;
      await login(lab.pair, { from: "two", to: place("one"), ...app(), statement });
      // Twice, since what was received a moment ago is behind for a moment on any standby.
      const isBehind = async () => (await lab.pair.sql("two", words.isBehind)) === "1";
      await eventually("the applier waits", 10_000, async () => {
        const before = await isBehind();
        await new Promise((wake) => setTimeout(wake, 500));
        return before && (await isBehind());
      });
      expect((await verb(lab.pair, "one", "demote")).exitCode).toBe(0);
      // PostgreSQL recovers before it answers: the deadline is for the applier.
      await eventually("one answers", 30_000, async () => (await lab.pair.status("one")).running);
      const { exitCode, stderr } = await verb(lab.pair, "two", "promote --epoch 2 --deadline 10");
      expect({ exitCode, stderr }).toEqual({
        exitCode: 12,
        stderr: expect.stringContaining("could be applied by the deadline"),
      });
      expect(await lab.pair.status("two")).toMatchObject({
        role: "standby",
        writable: false,
        replication: { source: "one" },
      });
      await lab.pair.script("two", "systemctl stop hold");
      await eventually(
        "it receives again",
        20_000,
        async () => (await lab.pair.status("two")).replication?.receiving === true,
      );
      await eventually("the row is applied", 20_000, async () =>
        (await notes("two")).includes("received, not applied"),
      );
      expect((await verb(lab.pair, "one", "resume --epoch 1")).answer).toMatchObject({ resumed: true });
    }, 90_000);

    test("a stopped applier refuses it too", async () => {
      await lab.pair.sql("two", words.stopApplying);
      expect(await verb(lab.pair, "two", "promote --epoch 2")).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("the applier is stopped"),
      });
      await lab.pair.sql("two", words.startApplying);
    });

    test("demote closes the writer, twice, and a user's write is refused there", async () => {
      const open = login(lab.pair, {
        from: "two",
        to: place("one"),
        ...app(),
        statement: `START TRANSACTION; ${words.notes.add("cut off")};\n${words.sleep(25)}; COMMIT;`,
      });
      await eventually(
        "the transaction is open",
        10_000,
        async () => (await lab.pair.sql("one", words.sleepers(25))) === "1",
      );
      expect((await verb(lab.pair, "one", "demote")).answer).toMatchObject({
        demoted: true,
        role: "fenced",
        epoch: 1,
      });
      expect((await verb(lab.pair, "one", "demote")).answer).toMatchObject({
        demoted: false,
        role: "fenced",
        epoch: 1,
      });
      expect((await insert("two", "one", "too late")).stderr).toMatch(words.refused.write);
      expect((await open).exitCode).not.toBe(0);
      expect(await notes("one")).not.toContain("cut off");
      expect(await lab.pair.script("one", "systemctl is-active evenkeel-heartbeat || :")).toBe("inactive\n");
    });

    test("a peer that opens while the promotion is under way is seen before the end, and the standby receives again", async () => {
      await answerPeers(
        lab.pair,
        "one",
        `echo >>/run/peer.asked
if [ "$(wc -l </run/peer.asked)" -ge 2 ]; then real | sed 's/"writable":false/"writable":true/'; else real; fi`,
      );
      const { exitCode, stderr } = await verb(lab.pair, "two", "promote --epoch 2");
      expect(await lab.pair.script("one", "wc -l </run/peer.asked")).toBe("2\n");
      await answerPeers(lab.pair, "one", null);
      expect({ exitCode, stderr }).toEqual({ exitCode: 12, stderr: expect.stringContaining("is writable") });
      await eventually(
        "it receives",
        10_000,
        async () => (await lab.pair.status("two")).replication?.receiving === true,
      );
      expect(await lab.pair.status("two")).toMatchObject({ role: "standby", writable: false, opening: null });
    }, 60_000);

    test("promote, killed before each step: the old peer is silenced before anything else, cleared only when proved", async () => {
      const point = async (step: string) =>
        (await cutShort(lab.pair, "two", "promote --epoch 2", step)).exitCode;
      const silenced = () => lab.pair.script("two", "nft list set inet evenkeel_db silenced");
      expect(await point("stop_receiver")).toBe(killed);
      expect(await silenced()).toContain(peering("one"));
      expect((await lab.pair.status("two")).replication).toMatchObject({ applying: true });
      expect(await point("mark_opening")).toBe(killed);
      expect((await lab.pair.status("two")).replication).toMatchObject({ receiving: false, applying: true });
      expect(await point("leave_source")).toBe(killed);
      expect((await verb(lab.pair, "one", "resume --epoch 1")).stderr).toContain(
        "has begun to open its database",
      );
      await lab.pair.script("two", "touch /var/lib/evenkeel/seeding");
      expect(await point("write_role")).toBe(killed);
      expect(await lab.pair.status("two")).toMatchObject({
        role: "standby",
        writable: false,
        replication: null,
      });
      expect(await point("open_writes")).toBe(killed);
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: false });
      expect(await point("remove_durably")).toBe(killed);
      expect((await verb(lab.pair, "two", "promote --epoch 2")).answer).toMatchObject({
        promoted: true,
        epoch: 2,
      });
      expect((await verb(lab.pair, "two", "promote --epoch 2")).answer).toMatchObject({
        promoted: false,
        epoch: 2,
      });
      const markers = "cd /var/lib/evenkeel; ls seeding opening.json fencing 2>/dev/null || :";
      expect(await lab.pair.script("two", markers)).toBe("");
      expect(await notes("two")).not.toContain("too late");
      expect(await insert("one", "two", "by the new writer")).toMatchObject({ exitCode: 0 });
    }, 120_000);

    test("follow joins the old writer, killed or run twice, and no password is ever an argument", async () => {
      await lab.pair.script(
        "one",
        `systemd-run -q --unit=watch bash -c 'while :; do cat /proc/[0-9]*/cmdline 2>/dev/null | tr "\\0" "\\n" >>/run/seen; done'`,
      );
      for (const step of ["adopt_own_position", "join_source", "start_replica", "write_role"]) {
        expect({ step, exitCode: (await cutShort(lab.pair, "one", "follow", step)).exitCode }).toEqual({
          step,
          exitCode: killed,
        });
      }
      const followed = await verb(lab.pair, "one", "follow");
      process.stderr.write(`follow: ${followed.seconds.toFixed(2)} s\n`);
      await lab.pair.script("one", "systemctl stop watch");
      expect(await lab.pair.script("one", "grep -cE 'repl.\"|app.\"' /run/seen || :")).toBe("0\n");
      expect(await lab.pair.script("one", "grep -c evenkeel-db /run/seen || :")).not.toBe("0\n");
      if (followed.exitCode !== 0)
        throw new Error(`follow ended with ${followed.exitCode}: ${followed.stderr}`);
      expect(followed.answer).toEqual({ followed: true, region: "two", epoch: 2 });
      expect((await verb(lab.pair, "one", "follow two")).answer).toEqual({
        followed: false,
        region: "two",
        epoch: 2,
      });
      expect(await lab.pair.status("one")).toMatchObject({ role: "standby", epoch: 2, writable: false });
      await eventually("the new row arrives", 20_000, async () =>
        (await notes("one")).includes("by the new writer"),
      );
    }, 120_000);

    if (lab.engine === "mariadb") mariadbReturn(lab);
    else postgresqlReturn(lab);
  });
}

/** Leaves one cleaned of what only it held, following nobody. */
function mariadbReturn(lab: DatabaseLab): void {
  const { notes, variable } = lab;

  test("ids of the new writer's rows come from its own offset", async () => {
    const ids = (await notes("two")).split("\n").map((line) => line.split("\t"));
    const own = ids.filter(([, note]) => note === "by the new writer");
    expect(own.map(([id]) => Number(id) % 2)).toEqual([0]);
  });

  test("[P7] follow is refused to a host that holds what the writer lacks, and names it", async () => {
    await lab.pair.script("one", "mariadb -e 'CREATE DATABASE errant'");
    await lab.pair.sql("one", "STOP SLAVE");
    const { exitCode, stderr } = await verb(lab.pair, "one", "follow");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 12,
      stderr: expect.stringMatching(/holds transactions that region 'two' lacks: up to 0-1-\d+/),
    });
    expect((await verb(lab.pair, "one", "follow three")).exitCode).toBe(12);
    const state = await variable("two", "gtid_binlog_state");
    await lab.pair.sql(
      "one",
      `DROP DATABASE errant; RESET SLAVE ALL; RESET MASTER; SET GLOBAL gtid_binlog_state = '${state}'`,
    );
    await lab.pair.sql("one", `SET GLOBAL gtid_slave_pos = '${(await lab.pair.status("two")).position}'`);
  });
}

/** The same: what only it held began a timeline of its own. */
function postgresqlReturn(lab: DatabaseLab): void {
  test("[P7] follow is refused to a host whose timeline forked from the writer's, and names it", async () => {
    await lab.pair.script(
      "one",
      `${lab.words.openByHand}; ${lab.words.shell("CREATE TABLE errant (id int)")}`,
    );
    const { exitCode, stderr } = await verb(lab.pair, "one", "follow");
    expect({ exitCode, stderr }).toEqual({
      exitCode: 12,
      stderr: expect.stringMatching(/holds transactions that region 'two' lacks: .*timeline \d+/),
    });
    expect(await lab.pair.status("one")).toMatchObject({ role: "standby" });
    expect((await verb(lab.pair, "one", "follow three")).exitCode).toBe(12);
    await lab.pair.script("one", `rm /var/lib/evenkeel/role.json\n${lab.words.begunAnew}`);
    expect((await verb(lab.pair, "one", "seed")).answer).toMatchObject({ seeded: true, from: "two" });
  }, 60_000);
}
