import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, reboot, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";
import { lease, lookOnce } from "../support/keeper-fake.ts";

/**
 * Begins with one open at epoch 1, commits waiting for two; leaves one open at epoch 3 with its port held, waiting for
 * nobody, and two a standby that receives.
 */
export function keeperCloseTests(lab: DatabaseLab): void {
  const { insert, notes, peering, words } = lab;
  const waits = async () => (await lookOnce(lab.pair, "one")).waiting.length > 0;

  describe("close, fence and return", () => {
    test("close with commits that hang: bounded, and no client hears that its commit is there", async () => {
      await lease(lab.pair, "one", 3_600_000, words.port);
      await lab.pair.script("two", words.stopReceiving(peering("one")));
      const clients = ["hangs 1", "hangs 2", "hangs 3", "hangs 4", "hangs 5"].map((text) =>
        insert("two", "one", text),
      );
      await eventually("they wait", 10_000, waits);
      await lab.pair.script("one", "sleep 2");
      expect((await verb(lab.pair, "one", "close --epoch 2")).exitCode).toBe(12);
      expect(await waits()).toBe(true);
      const closed = await verb(lab.pair, "one", "close --epoch 1");
      expect(closed.answer).toEqual({ closed: true, epoch: 1, writable: false });
      process.stderr.write(`close with hanging commits: ${closed.seconds.toFixed(2)} s\n`);
      // A keeper that renews behind it opens no port of a closed database.
      await lease(lab.pair, "one", 3_600_000, words.port);
      // Some hear that it is over, and some hear nothing: those wait until their own patience is.
      await lab.pair.script("two", "sleep 2; pkill -x mariadb || pkill -x psql || :");
      for (const client of clients) expect((await client).exitCode).not.toBe(0);
      expect((await insert("two", "one", "closed")).stderr).toMatch(words.refused.connection);
      expect(await lookOnce(lab.pair, "one")).toMatchObject({
        role: "active",
        epoch: 1,
        open: false,
        waiting: [],
      });
      expect((await verb(lab.pair, "one", "close --epoch 1")).answer).toMatchObject({ closed: false });
    }, 120_000);

    test("close, killed before each of its steps and run again", async () => {
      for (const step of ["close_port", "stop_heartbeat", "close_for_fence"]) {
        expect((await verb(lab.pair, "one", "open --epoch 1 none")).exitCode).toBe(0);
        const cut = await cutShort(lab.pair, "one", "close --epoch 1", step);
        expect({ step, exitCode: cut.exitCode }).toEqual({ step, exitCode: killed });
        expect((await verb(lab.pair, "one", "close --epoch 1")).answer).toMatchObject({ writable: false });
      }
    }, 90_000);

    test("opened again at its epoch with a wait, before anybody acknowledges: open does not hang", async () => {
      const open = await verb(lab.pair, "one", "open --epoch 1 two");
      expect(open.answer).toMatchObject({ opened: true, waitsFor: ["two"] });
      expect(await lookOnce(lab.pair, "one")).toMatchObject({ open: true, waits: ["two"] });
      await lease(lab.pair, "one", 3_600_000, words.port);
      await lab.pair.script("two", words.startReceiving);
      await eventually(
        "commits go through",
        40_000,
        async () => (await insert("two", "one", "again there")).exitCode === 0,
      );
      await eventually("two has them", 20_000, async () => (await notes("two")).includes("again there"));
      // What was let go without an answer is there, or was never begun.
      expect(await notes("one")).toContain("hangs 1");
    }, 120_000);

    test("fence --by keeper: the host may return, at its epoch or a later one, and at no earlier", async () => {
      expect((await verb(lab.pair, "one", "fence --by keeper")).answer).toMatchObject({
        role: "fenced",
        epoch: 1,
      });
      expect(await lookOnce(lab.pair, "one")).toMatchObject({ role: "fenced", mayReturn: true, open: false });
      expect(await lab.pair.status("one")).toMatchObject({ mayReturn: true });
      await reboot(lab.pair, "one");
      expect(await lookOnce(lab.pair, "one")).toMatchObject({ role: "fenced", mayReturn: true, open: false });
      for (const step of ["be_there_closed", "write_role", "remove_durably"]) {
        const cut = await cutShort(lab.pair, "one", "prepare --epoch 2", step);
        expect({ step, exitCode: cut.exitCode }).toEqual({ step, exitCode: killed });
      }
      for (let i = 0; i < 2; i += 1)
        expect((await verb(lab.pair, "one", "prepare --epoch 2")).answer).toMatchObject({
          epoch: 2,
          writable: false,
        });
      expect((await verb(lab.pair, "one", "prepare --epoch 1")).exitCode).toBe(12);
      await lease(lab.pair, "one", 3_600_000, words.port);
      expect((await insert("two", "one", "prepared")).stderr).toMatch(words.refused.connection);
      expect((await verb(lab.pair, "one", "open --epoch 2 none")).answer).toMatchObject({
        opened: true,
        epoch: 2,
      });
      expect((await verb(lab.pair, "one", "prepare --epoch 3")).stderr).toContain("accepts writes");
    }, 150_000);

    test("an operator's fence that was cut short stays the operator's, also where its keeper ends it", async () => {
      expect((await cutShort(lab.pair, "one", "fence", "close_port")).exitCode).toBe(killed);
      expect(await lookOnce(lab.pair, "one")).toMatchObject({ begun: "fence" });
      expect((await verb(lab.pair, "one", "fence --by keeper")).exitCode).toBe(0);
      expect(await lab.pair.status("one")).toMatchObject({ role: "fenced", epoch: 2, mayReturn: false });
      expect((await verb(lab.pair, "one", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    }, 60_000);

    test("one that an operator fenced stays so, also when its keeper fences it once more", async () => {
      expect((await verb(lab.pair, "one", "fence --by keeper")).exitCode).toBe(0);
      expect((await verb(lab.pair, "one", "fence")).exitCode).toBe(0);
      expect((await verb(lab.pair, "one", "fence --by keeper")).exitCode).toBe(0);
      expect(await lab.pair.status("one")).toMatchObject({ role: "fenced", mayReturn: false });
      expect((await verb(lab.pair, "one", "prepare --epoch 3")).exitCode).toBe(12);
      expect(await lab.pair.status("one")).toMatchObject({ role: "fenced", epoch: 2 });
      const resumed = await verb(lab.pair, "one", "resume --epoch 2");
      expect(resumed.answer).toMatchObject({ resumed: true, epoch: 2 });
      expect((await verb(lab.pair, "one", "close --epoch 2")).exitCode).toBe(0);
      expect((await verb(lab.pair, "one", "prepare --epoch 3")).answer).toMatchObject({
        prepared: true,
        epoch: 3,
      });
      expect((await verb(lab.pair, "one", "open --epoch 3 none")).exitCode).toBe(0);
      await lease(lab.pair, "one", 3_600_000, words.port);
      await verb(lab.pair, "two", "receive");
      await eventually(
        "two receives",
        40_000,
        async () => (await lab.pair.status("two")).replication?.receiving === true,
      );
    }, 150_000);
  });
}
