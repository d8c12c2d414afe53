import { describe, expect, test } from "@jest/globals";
import { eventually, heldAt, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";

/** Begins with two active at epoch 4; what one holds is thrown away. */
export function anewTests(lab: DatabaseLab): void {
  const { insert, notes, ownWrites, words } = lab;

  describe("a host made anew", () => {
    test("is no place for a birth, is seeded from whoever writes now, and adds nothing to the history", async () => {
      await lab.pair.script("one", `rm /var/lib/evenkeel/role.json\n${words.begunAnew}`);
      expect(await lab.pair.status("one")).toMatchObject({
        role: "unseeded",
        epoch: 0,
        writable: false,
        history: words.emptyHistory,
      });
      expect((await verb(lab.pair, "one", "birth")).answer).toEqual({ born: false, epoch: 4, region: "two" });
      const before = await ownWrites("two", "one");
      expect((await verb(lab.pair, "one", "seed")).answer).toMatchObject({
        seeded: true,
        from: "two",
        epoch: 4,
      });
      expect(await ownWrites("one", "one")).toBe(before);
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 4, writable: true });
      expect(await notes("one")).toBe(await notes("two"));
    }, 120_000);

    test("a database that holds something is never overwritten", async () => {
      await lab.pair.script("one", "mv /var/lib/evenkeel/role.json /run/role.json");
      const { exitCode, stderr } = await verb(lab.pair, "one", "seed");
      await lab.pair.script("one", "mv /run/role.json /var/lib/evenkeel/role.json");
      expect(exitCode).toBe(12);
      expect(stderr).toContain("it holds the databases");
      expect(await lab.pair.status("one")).toMatchObject({
        role: "standby",
        replication: { receiving: true },
      });
    });

    test("seeded so, it can become the writer again, and the other one returns to it", async () => {
      expect((await verb(lab.pair, "two", "demote")).exitCode).toBe(0);
      const promoted = await verb(lab.pair, "one", "promote --epoch 5");
      process.stderr.write(`promote: ${promoted.seconds.toFixed(2)} s\n`);
      expect(promoted.answer).toMatchObject({ promoted: true, epoch: 5 });
      const followed = await verb(lab.pair, "two", "follow");
      process.stderr.write(`follow: ${followed.seconds.toFixed(2)} s\n`);
      expect(followed.answer).toMatchObject({ followed: true, epoch: 5 });
      expect(await insert("two", "one", "at epoch five")).toMatchObject({ exitCode: 0 });
      await eventually("the row arrives", 20_000, async () => (await notes("two")).includes("at epoch five"));
    }, 90_000);

    test("new settings that waited for a promotion do not restart the database that it made the active one", async () => {
      const started = () =>
        lab.pair.script("two", `systemctl show -P ActiveEnterTimestampMonotonic ${words.unit}`);
      const before = await started();
      expect((await verb(lab.pair, "one", "demote")).exitCode).toBe(0);
      const promotion = await heldAt(lab.pair, "two", "promote --epoch 6 --deadline 150", "ask_again");
      const role = lab.pair.applyRole("two", words.restartSetting);
      await eventually(
        "the role waits for the lock",
        60_000,
        async () => (await lab.pair.script("two", "pgrep -x flock || :")).trim() !== "",
      ).finally(async () =>
        expect((await promotion.release()).answer).toMatchObject({ promoted: true, epoch: 6 }),
      );
      expect(await role).toMatchObject({ role: "active", restartNeeded: true });
      expect(await started()).toBe(before);
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 6, writable: true });
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({ followed: true, epoch: 6 });
      // Taken back: a standby of PostgreSQL pauses beside a writer that was given more connections than it has.
      expect(await lab.pair.applyRole("two")).toMatchObject({ role: "active", restartNeeded: false });
    }, 200_000);
  });
}
