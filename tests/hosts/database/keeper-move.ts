import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, reboot, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";
import { fakeKeeper, lease, lookOnce, receiveWhenStandby } from "../support/keeper-fake.ts";

/** Begins with one open at epoch 3 and two its standby; ends with the roles changed twice. */
export function keeperMoveTests(lab: DatabaseLab): void {
  const { insert, notes, words } = lab;
  const receives = async () => (await lab.pair.status("two")).replication?.receiving === true;

  describe("receive, prepare, follow and promote", () => {
    test("a standby that boots receives nothing until it is told to; receive twice is once", async () => {
      await reboot(lab.pair, "two");
      await lab.pair.script(
        "two",
        "until systemctl is-active evenkeel-db-boot || systemctl is-failed evenkeel-db-boot || ! systemctl list-jobs | grep -q evenkeel; do sleep 0.2; done >/dev/null",
      );
      expect(await lookOnce(lab.pair, "two")).toMatchObject({ role: "standby", receivesFrom: null });
      for (let i = 0; i < 2; i += 1)
        expect((await verb(lab.pair, "two", "receive")).answer).toMatchObject({
          received: true,
          region: "one",
        });
      await eventually("it receives", 20_000, receives);
      expect((await verb(lab.pair, "one", "receive")).exitCode).toBe(12);
    }, 90_000);

    test("joined to nobody it follows whoever is the writer", async () => {
      await lab.pair.script("two", words.leave);
      expect(await lookOnce(lab.pair, "two")).toMatchObject({ receivesFrom: null });
      expect((await verb(lab.pair, "two", "receive")).answer).toMatchObject({
        received: true,
        region: "one",
        epoch: 3,
      });
      await eventually("it receives", 20_000, receives);
    }, 60_000);

    test("prepare is refused where what was received can't be applied; then nothing is received until receive", async () => {
      await lab.pair.sql("two", words.stopApplying);
      expect((await verb(lab.pair, "two", "prepare --epoch 4 --deadline 5")).exitCode).toBe(12);
      expect(await lab.pair.status("two")).toMatchObject({ role: "standby", epoch: 3 });
      await lab.pair.sql("two", words.startApplying);
      expect((await verb(lab.pair, "two", "prepare --epoch 3")).stderr).toContain("is not greater than");
      await verb(lab.pair, "two", "receive");
      await eventually("it receives", 20_000, receives);
    }, 60_000);

    test("prepare, killed before each of its steps and run again: the role at that epoch, and nothing is open", async () => {
      expect(await insert("two", "one", "the last one")).toMatchObject({ exitCode: 0 });
      await eventually("it is there", 20_000, async () => (await notes("two")).includes("the last one"));
      expect((await verb(lab.pair, "one", "fence --by keeper")).exitCode).toBe(0);
      for (const step of ["stop_receiving", "mark_opening", "leave_source", "write_role", "remove_durably"]) {
        const cut = await cutShort(lab.pair, "two", "prepare --epoch 4", step);
        expect({ step, exitCode: cut.exitCode, stderr: cut.stderr }).toMatchObject({
          step,
          exitCode: killed,
        });
        expect(await lab.pair.sql("two", words.closed)).toBe("1");
      }
      const prepared = await verb(lab.pair, "two", "prepare --epoch 4");
      expect(prepared.answer).toMatchObject({ epoch: 4, writable: false });
      expect(await lab.pair.status("two")).toMatchObject({
        role: "active",
        epoch: 4,
        writable: false,
        opening: null,
        replication: null,
      });
      await lease(lab.pair, "two", 3_600_000, words.port);
      expect((await insert("one", "two", "not yet")).stderr).toMatch(words.refused.connection);
      const open = await verb(lab.pair, "two", "open --epoch 4 none");
      expect(open.answer).toMatchObject({ opened: true });
      process.stderr.write(
        `prepare (again) ${prepared.seconds.toFixed(2)} s, open ${open.seconds.toFixed(2)} s\n`,
      );
      await lease(lab.pair, "two", 3_600_000, words.port);
      expect(await insert("one", "two", "the first one")).toMatchObject({ exitCode: 0 });
      expect(await notes("two")).toContain("the last one");
    }, 150_000);

    test("follow joins, and says so when no keeper lets it receive; a keeper does", async () => {
      // PostgreSQL is started anew for it, which takes its time on a busy machine.
      const alone = await verb(lab.pair, "one", "follow --deadline 20");
      expect(alone).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("systemctl status evenkeel-keeper"),
      });
      expect(await lookOnce(lab.pair, "one")).toMatchObject({
        role: "standby",
        epoch: 4,
        receivesFrom: null,
      });
      await receiveWhenStandby(lab.pair, "one");
      // The keeper may have been the quicker one.
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({ region: "two", epoch: 4 });
      await eventually("it has all", 20_000, async () => (await notes("one")).includes("the first one"));
    }, 120_000);

    test("promote asks for the lease, by force its peers first, and leaves the rest to the keeper", async () => {
      const then = "evenkeel-db prepare --epoch $1 && evenkeel-db open --epoch $1 none";
      await fakeKeeper(lab.pair, "one", { answers: 0, then });
      const forced = await verb(lab.pair, "one", "promote --epoch 5 --by-force");
      expect([forced.exitCode, forced.stderr]).toEqual([
        12,
        expect.stringContaining("is writable at epoch 4"),
      ]);
      expect(await lab.pair.status("one")).toMatchObject({ role: "standby", writable: false });
      expect((await verb(lab.pair, "two", "demote")).answer).toMatchObject({ demoted: true });
      // Its port stays open without a lease: the new writer receives the tail.
      await lab.pair.script("two", "nft flush set inet evenkeel_db open_ports");
      await eventually(
        "it receives",
        20_000,
        async () => (await lab.pair.status("one")).replication?.receiving === true,
      );
      expect((await verb(lab.pair, "one", "promote --epoch 5")).answer).toMatchObject({
        promoted: true,
        epoch: 5,
      });
      expect(await lab.pair.script("one", "tail -n 1 /root/keeper.asked")).toBe("claim --epoch 5\n");
      expect((await verb(lab.pair, "one", "promote --epoch 5")).answer).toMatchObject({ promoted: false });
    }, 120_000);

    test("without the keeper's rules everything goes on as before: a follower receives, and commits wait for nobody", async () => {
      await lab.pair.script("one", "rm /etc/evenkeel/keeper.json; evenkeel-db firewall");
      await lab.pair.script("two", "rm /etc/evenkeel/keeper.json; evenkeel-db firewall");
      expect((await verb(lab.pair, "two", "follow")).answer).toMatchObject({
        followed: true,
        region: "one",
        epoch: 5,
      });
      expect((await verb(lab.pair, "one", "demote")).answer).toMatchObject({ demoted: true });
      expect((await verb(lab.pair, "one", "resume --epoch 5")).answer).toMatchObject({ resumed: true });
      expect(await lab.pair.status("one")).toMatchObject({ waitsFor: [], writable: true });
      expect(await insert("two", "one", "as before")).toMatchObject({ exitCode: 0 });
      await eventually("it is there", 20_000, async () => (await notes("two")).includes("as before"));
    }, 120_000);
  });
}
