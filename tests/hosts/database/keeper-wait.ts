import { describe, expect, test } from "@jest/globals";
import { eventually, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";
import { lease, lookOnce } from "../support/keeper-fake.ts";

/** Some seconds of one session's commits. */
const notesOfWriter = 3000;

/** Begins and ends with one open at epoch 1 and two its standby; commits wait for two in the end. */
export function keeperWaitTests(lab: DatabaseLab): void {
  const { insert, notes, peering, words } = lab;
  const mark = "mark --epoch 1 --region two";
  const waiting = async () => (await lookOnce(lab.pair, "one")).waiting;
  const marked = async () => (await verb(lab.pair, "one", mark)).exitCode === 0;

  describe("sync and mark", () => {
    test("a marker is refused while no commit waits", async () => {
      await lease(lab.pair, "one", 3_600_000, words.port);
      expect((await verb(lab.pair, "one", mark)).exitCode).toBe(12);
    });

    test("sync REGION: that region acknowledges, and a marker is seen to wait for it and to be there", async () => {
      const sync = () => verb(lab.pair, "one", "sync --epoch 1 two");
      expect((await sync()).answer).toEqual({ epoch: 1, waitsFor: ["two"] });
      expect(await lab.pair.status("one")).toMatchObject({ waitsFor: ["two"] });
      await eventually("it is marked", 20_000, marked);
      expect((await verb(lab.pair, "one", mark)).answer).toMatchObject({ epoch: 1, region: "two" });
      if (lab.engine === "mariadb")
        expect(await lab.pair.status("two")).toMatchObject({ acknowledges: true });
      expect(await insert("two", "one", "acknowledged")).toMatchObject({ exitCode: 0 });
      // Twice is once: no receiver is disturbed.
      expect((await sync()).exitCode).toBe(0);
      expect(await marked()).toBe(true);
    }, 60_000);

    test("a commit waits while that region does not receive; no marker goes through; sync none lets it go", async () => {
      await lab.pair.script("two", words.stopReceiving(peering("one")));
      const commit = insert("two", "one", "waits");
      await eventually("it waits", 10_000, async () => (await waiting()).length > 0);
      const [oldest] = await waiting();
      const unmarked = await verb(lab.pair, "one", `${mark} --deadline 4`);
      expect({ failed: unmarked.exitCode !== 0, answer: unmarked.answer }).toEqual({
        failed: true,
        answer: null,
      });
      expect(await waiting()).toContain(oldest);
      expect((await verb(lab.pair, "one", "sync --epoch 1 none")).answer).toEqual({ epoch: 1, waitsFor: [] });
      expect(await commit).toMatchObject({ exitCode: 0 });
      expect(await waiting()).toEqual([]);
      expect(await insert("two", "one", "alone")).toMatchObject({ exitCode: 0 });
      await lab.pair.script("two", words.startReceiving);
      await eventually("two catches up", 30_000, async () => (await notes("two")).includes("alone"));
    }, 90_000);

    test("the wait comes on again behind a region that received meanwhile", async () => {
      expect((await verb(lab.pair, "one", "sync --epoch 1 two")).exitCode).toBe(0);
      await eventually("it is marked", 30_000, marked);
      expect(await insert("two", "one", "waited")).toMatchObject({ exitCode: 0 });
      await eventually("it is there", 10_000, async () => (await notes("two")).includes("waited"));
    }, 60_000);

    test("it comes on under many writers at the first attempt, each time that the region begins to receive", async () => {
      let written = false;
      const notesOf = (writer: number) =>
        Array.from({ length: notesOfWriter }, (_, n) => `busy ${writer} ${n}`);
      const writers = Promise.all(
        [1, 2, 3, 4].map((writer) => insert("two", "one", ...notesOf(writer))),
      ).finally(() => {
        written = true;
      });
      const receiveAnew = async () => {
        expect((await verb(lab.pair, "one", "sync --epoch 1 none")).exitCode).toBe(0);
        await lab.pair.script("two", words.stopReceiving(peering("one")));
        expect((await verb(lab.pair, "two", "receive")).exitCode).toBe(0);
        expect((await verb(lab.pair, "one", "reach --epoch 1 --region two")).exitCode).toBe(0);
      };
      let rounds = 0;
      try {
        while (!written) {
          await receiveAnew();
          expect((await verb(lab.pair, "one", "sync --epoch 1 two")).exitCode).toBe(0);
          const { exitCode, stderr } = await verb(lab.pair, "one", `${mark} --deadline 4`);
          expect({ round: rounds, exitCode, stderr }).toEqual({ round: rounds, exitCode: 0, stderr: "" });
          rounds += 1;
        }
      } finally {
        // Also behind a marker that failed: nothing is left running, and no failure of theirs goes unheard.
        await writers.catch(() => undefined);
      }
      expect((await writers).map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
      console.log(`commits began to wait ${rounds} times under four writers, with a marker each time`);
      expect(rounds).toBeGreaterThan(0);
    }, 60_000);
  });
}
