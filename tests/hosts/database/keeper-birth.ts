import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, login, verb } from "../support/database-faults.ts";
import { app, type DatabaseLab } from "../support/database-lab.ts";
import { fakeKeeper, lease, receiveWhenStandby } from "../support/keeper-fake.ts";

/** Begins with two hosts that hold nothing; leaves one open at epoch 1 with its port held, and two its standby. */
export function keeperBirthTests(lab: DatabaseLab): void {
  const { insert, notes, place, words } = lab;
  const opens = { answers: 0, then: "evenkeel-db open --epoch $1 none" };

  describe("birth, seed and open", () => {
    test.each([
      "open --epoch 1",
      "open --epoch 1 nowhere",
      "open --epoch 0 none",
      "sync --epoch 1",
      "sync --epoch 1 two none",
      "sync --epoch 1 one",
      "mark --epoch 1",
      "mark --epoch 1 --region nowhere",
      "prepare",
      "close",
      "fence --by operator",
      "acks",
      "receive two",
    ])("usage: 'evenkeel-db %s' ends with 2", async (asked) => {
      const { exitCode, stderr } = await verb(lab.pair, "one", asked);
      expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining("evenkeel-db") });
    });

    test.each([
      "open --epoch 1 none",
      "sync --epoch 1 none",
      "mark --epoch 1 --region two",
      "prepare --epoch 1",
      "close --epoch 1",
      "receive",
    ])("'evenkeel-db %s' is refused by a host without a role", async (asked) => {
      expect((await verb(lab.pair, "one", asked)).exitCode).toBe(12);
    });

    test("birth opens nothing that the keeper has not: it refuses, has no quorum, or opens nothing", async () => {
      await fakeKeeper(lab.pair, "two", opens);
      await fakeKeeper(lab.pair, "one", { answers: 12 });
      expect(await verb(lab.pair, "one", "birth")).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("the keeper has its reasons"),
      });
      // Refused, it is what it was; without an answer it may have the lease.
      expect(await lab.pair.status("one")).toMatchObject({ role: "unseeded", epoch: 0, writable: false });
      for (const answers of [1, 0]) {
        await fakeKeeper(lab.pair, "one", { answers });
        expect(await verb(lab.pair, "one", "birth --deadline 8")).toMatchObject({
          exitCode: 1,
          stderr: expect.stringContaining("systemctl status evenkeel-keeper"),
        });
        expect(await lab.pair.status("one")).toMatchObject({ role: "active", epoch: 1, writable: false });
      }
    }, 90_000);

    test("birth ends when the keeper has opened the database at epoch 1, once", async () => {
      await fakeKeeper(lab.pair, "one", opens);
      expect((await verb(lab.pair, "one", "birth")).answer).toEqual({ born: true, epoch: 1, region: "one" });
      expect((await verb(lab.pair, "one", "birth")).answer).toEqual({ born: false, epoch: 1, region: "one" });
      expect(await lab.pair.script("one", "tail -n 1 /root/keeper.asked")).toBe("found --epoch 1\n");
      await eventually("a heartbeat", 15_000, async () => {
        const { heartbeat } = await lab.pair.status("one");
        return heartbeat !== null && heartbeat.ageSeconds < 2;
      });
      expect(await lab.pair.status("one")).toMatchObject({
        role: "active",
        writable: true,
        waitsFor: [],
        mayReturn: false,
      });
    }, 60_000);

    test("the port is open as long as the lease says, and no longer", async () => {
      expect((await insert("two", "one", "no lease")).stderr).toMatch(words.refused.connection);
      await lease(lab.pair, "one", 600_000, words.port);
      expect(await insert("two", "one", "a lease")).toMatchObject({ exitCode: 0 });
      await lease(lab.pair, "one", 500, words.port);
      await lab.pair.script("one", "sleep 0.6");
      expect((await insert("two", "one", "over")).stderr).toMatch(words.refused.connection);
      // Loading the filter of a running database gives no lease, and takes none away.
      await lab.pair.script("one", "evenkeel-db firewall");
      expect((await insert("two", "one", "over")).stderr).toMatch(words.refused.connection);
      await lease(lab.pair, "one", 600_000, words.port);
      await lab.pair.script("one", "evenkeel-db firewall");
      expect(await insert("two", "one", "again")).toMatchObject({ exitCode: 0 });
    }, 60_000);

    test("what the server says when the lease is over never leaves, not even when there is one again", async () => {
      const slow = () =>
        login(lab.pair, { from: "two", to: place("one"), ...app(), statement: `${words.sleep(3)};` });
      expect(await slow()).toMatchObject({ exitCode: 0 });
      const sleepers = () => lab.pair.sql("one", words.sleepers(3));
      const cut = slow();
      await eventually("it sleeps", 5000, async () => (await sleepers()) === "1");
      await lease(lab.pair, "one", 100, words.port);
      await eventually("it is awake", 10_000, async () => (await sleepers()) === "0");
      await lease(lab.pair, "one", 600_000, words.port);
      // Its end of the connection is not told either: a client waits until its own patience is over.
      await lab.pair.script("two", "sleep 2; pkill -x mariadb || pkill -x psql || :");
      const { exitCode, stdout } = await cut;
      expect({ failed: exitCode !== 0, stdout }).toEqual({ failed: true, stdout: "" });
    }, 60_000);

    test("seed joins, and leaves the receiving to the keeper; nothing is acknowledged", async () => {
      await receiveWhenStandby(lab.pair, "two");
      const seeded = await verb(lab.pair, "two", "seed");
      expect(seeded).toMatchObject({ exitCode: 0, answer: { seeded: true, from: "one", epoch: 1 } });
      const status = await lab.pair.status("two");
      expect(status).toMatchObject({
        role: "standby",
        replication: { source: "one", receiving: true, applying: true },
      });
      expect(status.acknowledges).not.toBe(true);
      await eventually("it has the notes", 20_000, async () => (await notes("two")).includes("again"));
    }, 120_000);

    test("open, killed before each of its steps and run again, opens at that epoch and at no other", async () => {
      for (const step of [
        "port_while_opening",
        "set_wait",
        "leave_port_to_keeper",
        "bounded_systemctl",
        "remove_durably",
      ]) {
        expect((await verb(lab.pair, "one", "close --epoch 1")).exitCode).toBe(0);
        const cut = await cutShort(lab.pair, "one", "open --epoch 1 none", step);
        expect({ step, exitCode: cut.exitCode }).toEqual({ step, exitCode: killed });
        for (const asked of ["open --epoch 2 none", "sync --epoch 2 none", "close --epoch 2"])
          expect((await verb(lab.pair, "one", asked)).exitCode).toBe(12);
        const open = () => verb(lab.pair, "one", "open --epoch 1 none");
        expect((await open()).answer).toMatchObject({ epoch: 1, writable: true, waitsFor: [] });
        expect((await open()).answer).toMatchObject({ opened: false });
      }
      expect((await verb(lab.pair, "two", "open --epoch 1 none")).exitCode).toBe(12);
      await lease(lab.pair, "one", 600_000, words.port);
      expect(await insert("two", "one", "reopened")).toMatchObject({ exitCode: 0 });
      await eventually("the standby goes on", 30_000, async () => (await notes("two")).includes("reopened"));
    }, 180_000);
  });
}
