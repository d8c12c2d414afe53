import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, login, verb } from "../support/database-faults.ts";
import { app, type DatabaseLab } from "../support/database-lab.ts";

/** Begins beside a newborn active database; leaves two its standby. */
export function seedTests(lab: DatabaseLab): void {
  const { notes, ownWrites, peering, place, variable, words } = lab;

  describe("seed", () => {
    test("killed (-9) in mid-stream it leaves nothing running, and the empty database as it was", async () => {
      const left = await lab.pair.script(
        "two",
        `evenkeel-db seed </dev/null >/dev/null 2>&1 &
until [ -s ${words.firstCopied} ]; do sleep 0.01; done
kill -KILL $!
sleep 0.5
ps -eo comm= | grep -E "^(mbstream|tar|ssh|timeout)$" || :
pgrep -fa evenkeel/db/progress || :`,
      );
      expect(left).toBe("");
      expect(await lab.pair.status("two")).toMatchObject({
        role: "unseeded",
        writable: false,
        history: words.emptyHistory,
      });
    });

    test("killed before each of its steps, before and after the swap, it starts over and ends joined by TLS", async () => {
      const steps = [
        "BYTES=$(du",
        "stop_server",
        'find "$STAGING"',
        "adopt_history",
        "start_replica",
        "write_role",
      ];
      for (const step of steps) {
        const { exitCode, stderr } = await cutShort(lab.pair, "two", "seed", step);
        expect({ step, exitCode, stderr: exitCode === killed ? "" : stderr }).toEqual({
          step,
          exitCode: killed,
          stderr: "",
        });
      }
      const seeded = await verb(lab.pair, "two", "seed");
      expect(seeded.answer).toMatchObject({ seeded: true, from: "one", epoch: 1 });
      process.stderr.write(`seed: ${seeded.seconds.toFixed(1)} s, ${String(seeded.answer?.bytes)} bytes\n`);
      expect((await verb(lab.pair, "two", "seed")).answer).toEqual({
        seeded: false,
        role: "standby",
        epoch: 1,
      });
      const { role, writable, replication } = await lab.pair.status("two");
      expect({ role, writable }).toEqual({ role: "standby", writable: false });
      expect(replication).toEqual({ source: "one", receiving: true, applying: true, tls: true, error: null });
    }, 300_000);

    test("a lag is told only while the standby receives and applies, and never from clocks that differ", async () => {
      const seen = async () => {
        const { lagSeconds, clockSkewSeconds } = await lab.pair.status("two");
        return { lagSeconds, clockSkewSeconds };
      };
      await eventually("a lag is known", 10_000, async () => ((await seen()).lagSeconds ?? 99) < 5);
      expect(await seen()).toMatchObject({ clockSkewSeconds: null });
      await lab.pair.script("two", words.stopReceiving(peering("one")));
      await eventually("no lag is known", 5_000, async () => (await seen()).lagSeconds === null);
      expect(await seen()).toEqual({ lagSeconds: null, clockSkewSeconds: null });
      await lab.pair.script("two", words.startReceiving);
      await lab.pair.script("one", "systemctl stop evenkeel-heartbeat");
      await lab.pair.script("one", words.shell(words.beatAhead(30)));
      await eventually("the skew arrives", 10_000, async () => ((await seen()).clockSkewSeconds ?? 0) > 20);
      expect(await seen()).toMatchObject({ lagSeconds: null });
      await lab.pair.script("one", "systemctl start evenkeel-heartbeat");
      await eventually("the lag is back", 10_000, async () => ((await seen()).lagSeconds ?? 99) < 5);
    }, 60_000);

    test("[O15] [O17] data and accounts came along; a user's write on the standby is refused", async () => {
      expect(await notes("two")).toContain("straße 🛒");
      const write = await login(lab.pair, {
        from: "one",
        to: place("two"),
        ...app(),
        statement: words.notes.add("x"),
      });
      expect(write.stderr).toMatch(words.refused.write);
    });

    test("nothing a standby does enters its own history: role again, changed settings, restart, seed", async () => {
      await lab.pair.applyRole("two");
      expect(await lab.pair.applyRole("two", words.restartSetting)).toMatchObject({
        role: "standby",
        restartNeeded: false,
      });
      expect(await variable("two", words.restartSetting.name)).toBe(words.restartSetting.to);
      await lab.pair.applyRole("two");
      await verb(lab.pair, "two", "seed");
      await eventually(
        "the standby receives again",
        30_000,
        async () => (await lab.pair.status("two")).replication?.receiving === true,
      );
      expect(await ownWrites("two", "two")).toBe(0);
      expect(await ownWrites("two", "one")).toBeGreaterThan(0);
    }, 120_000);

    test("the active database is not restarted for new settings: it says that it needs one", async () => {
      expect(await lab.pair.applyRole("one", words.restartSetting)).toMatchObject({
        role: "active",
        restartNeeded: true,
      });
      expect(await lab.pair.status("one")).toMatchObject({ writable: true, restartNeeded: true });
      expect(await variable("one", words.restartSetting.name)).toBe(words.restartSetting.from);
      expect(await lab.pair.applyRole("one")).toMatchObject({ role: "active", restartNeeded: false });
    }, 60_000);
  });
}
