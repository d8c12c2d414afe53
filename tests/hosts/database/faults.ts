import { describe, expect, test } from "@jest/globals";
import { eventually, silenceSsh, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";

/** Begins with two active at epoch 6 and one its standby; leaves it so. */
export function faultTests(lab: DatabaseLab): void {
  const { insert, notes, words } = lab;
  const config = "/etc/evenkeel/database.json";

  describe("what is wrong outside the verbs", () => {
    test("another password for replication: follow says that the writer refuses it, never what it is, and may be run again", async () => {
      await lab.pair.script(
        "one",
        `${words.leave}
cp -p ${config} /run/database.json
jq '.users.replication.password = "not-the-password"' /run/database.json >${config}`,
      );
      const refused = await verb(lab.pair, "one", "follow --deadline 15").finally(() =>
        lab.pair.script("one", `cp -p /run/database.json ${config}`),
      );
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringMatching(/replication does not run: .*(denied|authentication failed)/),
      });
      expect(refused.stderr).not.toContain("not-the-password");
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({ followed: true, region: "two" });
      expect((await lab.pair.status("one")).replication).toMatchObject({ receiving: true, tls: true });
    }, 90_000);

    test("a peer that can't be asked: neither follow nor seed goes on without a writer that answers", async () => {
      await lab.pair.script("one", words.leave);
      await silenceSsh(lab.pair, "one", true);
      const followed = await verb(lab.pair, "one", "follow");
      await lab.pair.script("one", `rm /var/lib/evenkeel/role.json\n${words.begunAnew}`);
      const seeded = await verb(lab.pair, "one", "seed");
      await silenceSsh(lab.pair, "one", false);
      for (const { exitCode, stderr } of [followed, seeded])
        expect({ exitCode, stderr }).toEqual({
          exitCode: 12,
          stderr: expect.stringContaining("is the writer"),
        });
      expect(await lab.pair.status("one")).toMatchObject({ role: "unseeded", writable: false });
    }, 60_000);

    test("no room for the copy: seed says that it broke off, touches nothing, and may be run again", async () => {
      // A limit for each file is as a disk that is full: writing fails in the middle.
      const short = await lab.pair.run("one", {
        argv: ["sudo", "-n", "bash", "-c", "ulimit -f 64; exec evenkeel-db seed"],
      });
      expect(short).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("broke off") });
      expect(await lab.pair.status("one")).toMatchObject({
        role: "unseeded",
        writable: false,
        running: true,
        history: words.emptyHistory,
      });
      expect((await verb(lab.pair, "one", "seed")).answer).toMatchObject({
        seeded: true,
        from: "two",
        epoch: 6,
      });
    }, 90_000);

    test("a copy tells what has arrived, and in the end how much it was and how long it took", async () => {
      await lab.pair.script("two", words.grow);
      await lab.pair.script("one", `rm /var/lib/evenkeel/role.json\n${words.begunAnew}`);
      const { answer, stderr } = await verb(lab.pair, "one", "seed");
      expect(answer).toMatchObject({ seeded: true, bytes: expect.any(Number), seconds: expect.any(Number) });
      expect(Number(answer?.bytes)).toBeGreaterThan(30_000_000);
      expect(stderr).toMatch(/copied \d+ bytes, preparing/);
      const rate = Number(answer?.bytes) / Number(answer?.seconds) / 1e6;
      process.stderr.write(`copy: ${String(answer?.bytes)} bytes, ${rate.toFixed(1)} MB/s\n`);
    }, 120_000);

    test("no room for the role: demote closes the database, says that it can't note it, and does when there is room", async () => {
      await lab.pair.script(
        "two",
        `cp -a /var/lib/evenkeel /run/evenkeel-kept
mount -t tmpfs -o size=1m tmpfs /var/lib/evenkeel
cp -a /run/evenkeel-kept/. /var/lib/evenkeel/
head -c 2000000 /dev/zero >/var/lib/evenkeel/filler 2>/dev/null || :`,
      );
      const demoted = await verb(lab.pair, "two", "demote");
      expect({ exitCode: demoted.exitCode, said: demoted.stderr }).toEqual({
        exitCode: 1,
        said: expect.stringMatching(/No space left/),
      });
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", writable: false });
      expect((await insert("one", "two", "no room")).stderr).toMatch(words.refused.write);
      await lab.pair.script("two", "rm -f /var/lib/evenkeel/filler");
      expect((await verb(lab.pair, "two", "demote")).answer).toMatchObject({ demoted: true, role: "fenced" });
      await lab.pair.script(
        "two",
        `rm -rf /run/evenkeel-kept; cp -a /var/lib/evenkeel /run/evenkeel-kept
umount /var/lib/evenkeel; cp -a /run/evenkeel-kept/. /var/lib/evenkeel/`,
      );
      const { answer, stderr } = await verb(lab.pair, "two", "resume --epoch 6");
      expect({ answer, stderr }).toMatchObject({ answer: { resumed: true } });
      expect(await insert("one", "two", "room again")).toMatchObject({ exitCode: 0 });
      await eventually("the standby goes on", 20_000, async () =>
        (await notes("one")).includes("room again"),
      );
    }, 120_000);
  });
}
