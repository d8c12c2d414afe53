import { describe, expect, test } from "@jest/globals";
import { eventually, verb } from "../support/database-faults.ts";
import { type DatabaseLab, hosts } from "../support/database-lab.ts";
import { lookOnce, watched } from "../support/keeper-fake.ts";

/** Begins and ends with one open, commits waiting for two, its standby. */
export function keeperWatchTests(lab: DatabaseLab): void {
  const { freeze, words } = lab;

  describe("watch", () => {
    test("tells each quarter of a second what both hosts are, by the machine's uptime", async () => {
      await eventually(
        "two follows closely",
        20_000,
        async () => (await lookOnce(lab.pair, "one")).followers[0] === "two",
      );
      const lines = await watched(lab.pair, "one", 3);
      expect(lines.length).toBeGreaterThan(4);
      const times = lines.map(({ askedMs }) => askedMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      const { askedMs, ...writer } = await lookOnce(lab.pair, "one");
      const uptime = Number((await lab.pair.script("one", "cut -d ' ' -f 1 /proc/uptime")).trim()) * 1000;
      expect(uptime - askedMs).toBeGreaterThanOrEqual(0);
      expect(uptime - askedMs).toBeLessThan(20_000);
      expect(writer).toEqual({
        ...{ role: "active", epoch: 1, mayReturn: false, running: true, open: true, waiting: [] },
        ...{ followers: ["two"], receivesFrom: null, waits: ["two"], begun: null },
      });
      const { askedMs: _, ...standby } = await lookOnce(lab.pair, "two");
      expect(standby).toEqual({
        ...{ role: "standby", epoch: 1, mayReturn: false, running: true, open: false, waiting: [] },
        ...{ followers: [], receivesFrom: "one", waits: [], begun: null },
      });
    }, 60_000);

    test("a server that stands still, or is down, does not run; it is asked again until it answers", async () => {
      const log = () => lab.pair.script("two", "tail -n 1 /run/feed");
      const says = (running: boolean) =>
        eventually(`running: ${running}`, 20_000, async () => (await log()).includes(`"running":${running}`));
      await lab.pair.script(
        "two",
        "systemd-run -q --unit=feed bash -c 'sleep 120 | exec evenkeel-db watch >/run/feed'",
      );
      await says(true);
      await freeze("two", true);
      await says(false);
      await freeze("two", false);
      await says(true);
      await lab.pair.script("two", `systemctl stop ${words.unit}`);
      await says(false);
      await lab.pair.script("two", `systemctl start ${words.unit}`);
      await says(true);
      // In the middle of an answer, and for good.
      await lab.pair.script("two", `systemctl kill -s KILL ${words.unit}; systemctl stop ${words.unit}`);
      await says(false);
      await lab.pair.script("two", `systemctl start ${words.unit}`);
      await says(true);
      await lab.pair.script("two", "systemctl stop feed");
      // W8: it was restarted, and receives only when its keeper says so.
      expect((await lookOnce(lab.pair, "two")).receivesFrom).toBe(null);
      expect((await verb(lab.pair, "two", "receive")).answer).toMatchObject({
        received: true,
        region: "one",
      });
      expect((await lookOnce(lab.pair, "two")).receivesFrom).toBe("one");
      const mark = "mark --epoch 1 --region two";
      expect((await verb(lab.pair, "one", "sync --epoch 1 two")).exitCode).toBe(0);
      await eventually(
        "it is marked",
        30_000,
        async () => (await verb(lab.pair, "one", mark)).exitCode === 0,
      );
    }, 120_000);

    test.each(hosts)(
      "its cost on %s is told: it and its client, of one core",
      async (name) => {
        const text = await lab.pair.script(
          name,
          `sleep 34 | evenkeel-db watch >/dev/null &
sleep 2
ticks() { for p in $(pgrep -f 'evenkeel-db watch$') $(pgrep -P "$(pgrep -f 'evenkeel-db watch$' | head -n 1)"); do
  cut -d ' ' -f 14,15 "/proc/$p/stat"; done | awk '{ n += $1 + $2 } END { print n }'; }
before=$(ticks); sleep 30; after=$(ticks); wait
echo $(( (after - before) * 1000 / 30 / $(getconf CLK_TCK) ))`,
        );
        process.stderr.write(`watch on ${name}: ${Number(text) / 10} % of a core\n`);
        expect(Number(text)).toBeLessThanOrEqual(10);
      },
      60_000,
    );
  });
}
