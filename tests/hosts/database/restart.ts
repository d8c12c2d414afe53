import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, reboot, silenceSsh, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";

/** Begins with one following nobody; two stays the active database at epoch 2. */
export function restartTests(lab: DatabaseLab): void {
  const { insert, words } = lab;

  describe("restart", () => {
    test("the host cleaned of it follows again", async () => {
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({ epoch: 2 });
      expect(await lab.pair.status("one")).toMatchObject({ role: "standby", replication: { source: "two" } });
    });

    test("the rebooted writer stays read-only until resume, which asks everyone first", async () => {
      await reboot(lab.pair, "two");
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: false });
      expect((await insert("one", "two", "after the reboot")).stderr).toMatch(words.refused.write);
      expect(await lab.pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).toBe("inactive\n");
      expect((await verb(lab.pair, "two", "promote --epoch 2")).stderr).toContain("resume --epoch 2");
      expect((await verb(lab.pair, "two", "resume --epoch 3")).stderr).toContain("knows epoch 2, not 3");
      const past = await verb(lab.pair, "two", "resume --epoch 1 --accept-loss");
      expect(past).toMatchObject({ exitCode: 12, stderr: expect.stringContaining("epoch 1 is past") });
      await silenceSsh(lab.pair, "two", true);
      const silent = await verb(lab.pair, "two", "resume --epoch 2");
      await silenceSsh(lab.pair, "two", false);
      expect(silent).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("region 'one' can't be asked"),
      });
      expect((await lab.pair.status("two")).writable).toBe(false);
      expect((await cutShort(lab.pair, "two", "resume --epoch 2", "open_writes")).exitCode).toBe(killed);
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toEqual({
        resumed: true,
        epoch: 2,
        writable: true,
      });
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toEqual({
        resumed: false,
        epoch: 2,
        writable: true,
      });
      expect(await insert("one", "two", "resumed")).toMatchObject({ exitCode: 0 });
    }, 120_000);

    test("a server that is started by hand, past the unit and what stands before it, is closed as well", async () => {
      await lab.pair.script("two", words.startedByHand);
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: false });
      await lab.pair.script("two", words.stoppedByHand);
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    }, 60_000);

    test("a standby whose server crashes, or whose host reboots, receives again by itself", async () => {
      const receives = async () => (await lab.pair.status("one")).replication?.receiving === true;
      await lab.pair.script("one", `kill -KILL $(${words.processes})`);
      await eventually("one receives after a crash", 40_000, receives);
      await reboot(lab.pair, "one");
      await eventually("one receives after a reboot", 40_000, receives);
      expect(await lab.pair.status("one")).toMatchObject({ role: "standby", writable: false });
    }, 150_000);

    test("a crashed writer comes back read-only and beats no more", async () => {
      await lab.pair.script("two", `kill -KILL $(${words.processes})`);
      await eventually("two runs again", 40_000, async () => (await lab.pair.status("two")).running);
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", writable: false });
      await eventually("the heartbeat ends", 20_000, async () =>
        (await lab.pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).startsWith("failed"),
      );
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    }, 90_000);

    test.each([
      ["waits for a lock", `systemd-run -q --unit=stall ${words.stallWrites(7)}`],
      [
        "stands still",
        `systemd-run -q --unit=stall bash -c 'p=$(${words.processes}); kill -STOP $p; sleep 7; kill -CONT $p'`,
      ],
    ])(
      "the heartbeat returns by itself to a writer that %s for seven seconds",
      async (_what, stall) => {
        const unit = async (property: string) =>
          (await lab.pair.script("two", `systemctl show -P ${property} evenkeel-heartbeat`)).trim();
        const before = Number(await unit("NRestarts"));
        await lab.pair.script("two", stall);
        await eventually(
          "the heartbeat begins anew",
          15_000,
          async () => Number(await unit("NRestarts")) > before,
        );
        await eventually("it beats again", 30_000, async () => {
          const age = (await lab.pair.status("two")).heartbeat?.ageSeconds ?? 99;
          return age < 3 && (await unit("ActiveState")) === "active";
        });
        expect(await unit("ExecMainStatus")).not.toBe("12");
        await eventually(
          "no other session is left",
          10_000,
          async () => (await lab.pair.sql("two", words.beatSessions)) === "1",
        );
        expect(await lab.pair.status("two")).toMatchObject({ role: "active", epoch: 2, writable: true });
      },
      60_000,
    );
  });
}
