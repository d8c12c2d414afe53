import { describe, expect, test } from "@jest/globals";
import { answerPeers, eventually, silenceSsh, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";

/** MariaDB's replicas acknowledge by a setting of their own. Begins and ends with one open and two acknowledging. */
export function keeperPeerTests(lab: DatabaseLab): void {
  const { peering, words } = lab;
  const config = "/etc/evenkeel/database.json";
  const sync = () => verb(lab.pair, "one", "sync --epoch 1 two");
  const mark = "mark --epoch 1 --region two";
  const marked = async () => (await verb(lab.pair, "one", mark)).exitCode === 0;

  describe("who acknowledges", () => {
    test("a region that can't be asked: commits wait for it all the same, and sync says so", async () => {
      await silenceSsh(lab.pair, "one", true);
      const asked = await sync();
      await silenceSsh(lab.pair, "one", false);
      expect(asked).toMatchObject({
        exitCode: 0,
        stderr: expect.stringContaining("commits wait until it does"),
      });
      expect(await lab.pair.status("one")).toMatchObject({ waitsFor: ["two"] });
    }, 60_000);

    test("what a peer answers is believed only where it says so", async () => {
      await answerPeers(lab.pair, "two", 'echo "{}"');
      const asked = await sync();
      const unmarked = await verb(lab.pair, "one", `${mark} --deadline 4`);
      await answerPeers(lab.pair, "two", null);
      expect(asked.stderr).toContain("can't be asked to acknowledge");
      expect(unmarked).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining("has not received the marker"),
      });
      await eventually("it is marked", 30_000, marked);
    }, 60_000);

    test("one that is not named and can't be asked is kept out until it was; more than one is refused", async () => {
      // Two's host under another region's name and key: nobody there can be asked.
      const strangers = [
        { region: "three", address: peering("two"), hostKey: "ssh-ed25519 AAAA" },
        { region: "four", address: "10.214.0.99", hostKey: "ssh-ed25519 AAAA" },
      ];
      const kept = () => lab.pair.script("one", "nft list set inet evenkeel_db kept_out");
      const dumps = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%'";
      const receives = async () => (await lab.pair.status("two")).replication?.receiving === true;
      await lab.pair.script(
        "one",
        `cp -p ${config} /run/database.json
jq '.peers = ${JSON.stringify(strangers)}' /run/database.json >${config}`,
      );
      try {
        expect((await verb(lab.pair, "one", "sync --epoch 1 three four")).exitCode).toBe(2);
        expect(await verb(lab.pair, "one", "sync --epoch 1 four")).toMatchObject({
          exitCode: 0,
          stderr: expect.stringContaining("'three' can't be asked to acknowledge nothing"),
        });
        expect(await kept()).toContain(peering("two"));
        expect(await lab.pair.sql("one", dumps)).toBe("0");
        await eventually("its receiver gets nothing", 10_000, async () => !(await receives()));
      } finally {
        await lab.pair.script("one", `cp -p /run/database.json ${config}`);
      }
      expect((await sync()).exitCode).toBe(0);
      expect(await kept()).not.toContain("elements");
      await eventually("it receives again", 20_000, receives);
      await eventually("it is marked", 30_000, marked);
    }, 120_000);

    test("a command that changes the wait and was left behind is ended before the next one", async () => {
      await lab.pair.script(
        "one",
        `systemd-run -q --collect mariadb -e "SELECT GET_LOCK('evenkeel-wait', 0); DO SLEEP(100);
  SET GLOBAL rpl_semi_sync_master_enabled=OFF"
until [ "$(mariadb -BNe "SELECT IS_USED_LOCK('evenkeel-wait') IS NOT NULL")" = 1 ]; do sleep 0.1; done`,
      );
      expect((await sync()).exitCode).toBe(0);
      const after = "SELECT IS_USED_LOCK('evenkeel-wait') IS NULL, @@global.rpl_semi_sync_master_enabled";
      expect(await lab.pair.sql("one", after)).toBe("1\t1");
      expect(await lab.pair.sql("one", words.sleepers(100))).toBe("0");
    }, 30_000);

    test("acks: a host that is no standby gives none, and none is set behind another verb's back", async () => {
      expect((await verb(lab.pair, "one", "acks on")).exitCode).toBe(12);
      expect((await verb(lab.pair, "one", "acks off")).answer).toEqual({ acknowledges: false });
      await lab.pair.script(
        "two",
        `systemd-run -q --unit=holder flock /run/evenkeel-db.lock sleep 30
while flock -n /run/evenkeel-db.lock true; do sleep 0.05; done`,
      );
      const busy = await verb(lab.pair, "two", "acks off");
      await lab.pair.script("two", "systemctl stop holder");
      expect({ exitCode: busy.exitCode, quick: busy.seconds < 5 }).toEqual({ exitCode: 13, quick: true });
      expect(await lab.pair.status("two")).toMatchObject({ acknowledges: true });
    }, 60_000);
  });
}
