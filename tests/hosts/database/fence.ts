import { describe, expect, test } from "@jest/globals";
import {
  answerPeers,
  cutShort,
  eventually,
  keepBootAway,
  killed,
  reboot,
  silenceSsh,
  verb,
} from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";

/** Begins with two active at epoch 2; leaves it active at epoch 4 and one its standby. */
export function fenceTests(lab: DatabaseLab): void {
  const { freeze, insert, words } = lab;

  describe("fence", () => {
    test("a fence beats a resume that holds the lock and hears from its peers only after the kill", async () => {
      const dead = async () => (await lab.pair.script("two", `${words.processes} || echo none`)) === "none\n";
      expect((await verb(lab.pair, "two", "demote")).exitCode).toBe(0);
      await answerPeers(
        lab.pair,
        "one",
        "echo >>/run/peer.asked; until [ -e /run/peer.go ]; do sleep 0.1; done; real",
      );
      const resume = verb(lab.pair, "two", "resume --epoch 2");
      await eventually(
        "resume asks",
        10_000,
        async () => (await lab.pair.script("one", "cat /run/peer.asked")) !== "",
      );
      const fence = verb(lab.pair, "two", "fence --deadline 8");
      await eventually("the database is killed", 15_000, dead);
      await lab.pair.script("one", "touch /run/peer.go");
      expect(await resume).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("fence of this host"),
      });
      expect((await fence).answer).toEqual({ fenced: true, role: "fenced", epoch: 2, method: "killed" });
      await answerPeers(lab.pair, "one", null);
      expect(await dead()).toBe(true);
      expect(await lab.pair.status("two")).toMatchObject({ role: "fenced", running: false });
      expect(await lab.pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain(
        "elements",
      );
    }, 60_000);

    test("what slipped past a fence is closed under the lock, and a fence cut short lets nobody open", async () => {
      const step = "close_what_slipped_past";
      expect(await lab.pair.status("two")).toMatchObject({ fencing: false });
      expect((await cutShort(lab.pair, "two", "fence --deadline 6", step)).exitCode).toBe(killed);
      expect(await lab.pair.status("two")).toMatchObject({ fencing: true });
      for (const words of ["resume --epoch 2", "follow", "promote --epoch 9"]) {
        expect(await verb(lab.pair, "two", words)).toMatchObject({
          exitCode: 12,
          stderr: expect.stringContaining("evenkeel-db fence must end first"),
        });
      }
      expect((await verb(lab.pair, "two", "fence")).answer).toMatchObject({ fenced: true, role: "fenced" });
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
      await lab.pair.script(
        "two",
        `cat >/run/open.sh <<'END'
until ! ${words.processes}; do sleep 0.1; done
# Again where the fence's own stop came in between: it holds up nobody who means it.
for i in $(seq 40); do systemctl unmask ${words.unit}; systemctl start ${words.unit}; ${words.openByHand} && break; sleep 0.1; done
nft add element inet evenkeel_db open_ports "{ ${words.port} }"
END
flock /run/evenkeel-db.lock bash /run/open.sh >/dev/null 2>&1 &
sleep 0.3`,
      );
      expect((await verb(lab.pair, "two", "fence --deadline 12")).answer).toMatchObject({ method: "killed" });
      // Killed once more and masked; or, where the fence's own stop came upon it first, up again and read-only.
      const after = await lab.pair.status("two");
      expect(after.role).toBe("fenced");
      expect(after.writable).not.toBe(true);
      expect(await lab.pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain(
        "elements",
      );
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
    }, 90_000);

    test.each(["closed", "killed"])(
      "a role file that can't be read keeps no fence from closing: the database is %s, nobody opens it, and the fence says what is missing",
      async (how) => {
        const file = "/var/lib/evenkeel/role.json";
        await lab.pair.script("two", `cp -p ${file} /run/role.json; printf '{"epoch": 2, "ro' >${file}`);
        if (how === "killed") await freeze("two", true);
        const fence = await verb(lab.pair, "two", "fence --deadline 8");
        expect({ exitCode: fence.exitCode, answer: fence.answer }).toEqual({ exitCode: 1, answer: null });
        expect(fence.stderr).toContain("role.json can't be read");
        expect(fence.stderr).toContain(
          how === "killed" ? "the database is closed (killed)" : "the database is closed (graceful)",
        );
        expect(await lab.pair.script("two", "nft list set inet evenkeel_db open_ports")).not.toContain(
          "elements",
        );
        expect(await lab.pair.script("two", "systemctl is-active evenkeel-heartbeat || :")).not.toBe(
          "active\n",
        );
        if (how === "killed")
          expect(await lab.pair.script("two", `${words.processes} || echo none`)).toBe("none\n");
        else expect(await lab.pair.sql("two", words.closed)).toBe("1");
        expect((await insert("one", "two", "unrecorded")).stderr).toMatch(words.refused.connection);
        expect((await verb(lab.pair, "two", "resume --epoch 2")).exitCode).toBe(1);
        await lab.pair.script("two", `cp -p /run/role.json ${file}`);
        expect((await verb(lab.pair, "two", "resume --epoch 2")).stderr).toContain("fence must end first");
        expect((await verb(lab.pair, "two", "fence")).answer).toMatchObject({ fenced: true, epoch: 2 });
        expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
      },
      90_000,
    );

    test("the limit of starts in a short time, which is there for crashes, keeps no verb from starting the server", async () => {
      const drop = `/run/systemd/system/${words.unit}.d/limit.conf`;
      // What follows a start would start the server as a verb does, and hide that systemd refused.
      await keepBootAway(lab.pair, "two", true);
      await lab.pair.script(
        "two",
        `mkdir -p ${drop.replace(/[^/]*$/, "")}
printf '[Unit]\\nStartLimitIntervalSec=1h\\nStartLimitBurst=1\\n' >${drop}; systemctl daemon-reload
systemctl restart ${words.unit} || :`,
      );
      await expect(lab.pair.script("two", `systemctl restart ${words.unit}`)).rejects.toThrow();
      expect(await lab.pair.script("two", `systemctl show -P Result ${words.unit}`)).toBe(
        "start-limit-hit\n",
      );
      await keepBootAway(lab.pair, "two", false);
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
      expect((await verb(lab.pair, "two", "demote")).answer).toMatchObject({ demoted: true });
      expect((await verb(lab.pair, "two", "resume --epoch 2")).answer).toMatchObject({ resumed: true });
      await lab.pair.script("two", `rm ${drop}; systemctl daemon-reload`);
    }, 90_000);

    test("fence closes port and database gracefully, killed or run twice, and stays closed over a reboot", async () => {
      // What the standby has not received when the port closes is lost to it, and the fenced host then rightly may
      // not follow: here nothing shall be lost.
      await lab.pair.script("two", "systemctl stop evenkeel-heartbeat");
      await eventually("the standby holds all that the writer holds", 60_000, async () => {
        const [writer, standby] = await Promise.all([lab.pair.status("two"), lab.pair.status("one")]);
        return writer.position !== null && writer.position === standby.position;
      });
      for (const step of ["stop_heartbeat", "try_lock", "write_role"]) {
        const cut = await cutShort(lab.pair, "two", "fence", step);
        expect({ step, exitCode: cut.exitCode }).toEqual({ step, exitCode: killed });
      }
      const fenced = { fenced: true, role: "fenced", epoch: 2, method: "graceful" };
      expect((await verb(lab.pair, "two", "fence")).answer).toEqual(fenced);
      expect((await verb(lab.pair, "two", "fence")).answer).toEqual(fenced);
      expect((await insert("one", "two", "fenced")).stderr).toMatch(words.refused.connection);
      await reboot(lab.pair, "two");
      expect((await insert("one", "two", "fenced")).stderr).toMatch(words.refused.connection);
      expect(await lab.pair.status("two")).toMatchObject({
        role: "fenced",
        epoch: 2,
        running: true,
        writable: false,
      });
    }, 120_000);

    test("the standby is promoted beside a fenced peer, and the fenced one follows", async () => {
      await silenceSsh(lab.pair, "one", true);
      const unproved = await verb(lab.pair, "one", "promote --epoch 3");
      const promoted = await verb(lab.pair, "one", "promote --epoch 3 --confirmed-off two");
      await silenceSsh(lab.pair, "one", false);
      expect(unproved.stderr).toContain("--confirmed-off two");
      process.stderr.write(`promote beside a closed peer: ${promoted.seconds.toFixed(2)} s\n`);
      expect(promoted.answer).toMatchObject({ promoted: true, epoch: 3 });
      for (const words of ["resume --epoch 2", "resume --epoch 4 --accept-loss"])
        expect((await verb(lab.pair, "two", words)).stderr).toContain("knows the newer epoch 3");
      const followed = await verb(lab.pair, "two", "follow");
      if (followed.exitCode !== 0)
        throw new Error(`follow ended with ${followed.exitCode}: ${followed.stderr}`);
      expect(followed.answer).toEqual({ followed: true, region: "one", epoch: 3 });
    }, 90_000);

    test("a frozen server is killed and stays masked; status works; the host comes back only by a role", async () => {
      await freeze("one", true);
      const { answer, seconds } = await verb(lab.pair, "one", "fence --deadline 6");
      expect(answer).toEqual({ fenced: true, role: "fenced", epoch: 3, method: "killed" });
      expect(seconds).toBeLessThan(20);
      expect(await lab.pair.status("one")).toMatchObject({
        role: "fenced",
        epoch: 3,
        running: false,
        writable: null,
      });
      await expect(lab.pair.script("one", `systemctl start ${words.unit}`)).rejects.toThrow("masked");
      expect((await verb(lab.pair, "two", "promote --epoch 4")).answer).toMatchObject({
        promoted: true,
        epoch: 4,
      });
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({
        followed: true,
        region: "two",
        epoch: 4,
      });
      expect(await lab.pair.status("one")).toMatchObject({
        role: "standby",
        epoch: 4,
        running: true,
        writable: false,
      });
    }, 120_000);

    test("a second verb waits for the first, and ends with 13 at its deadline", async () => {
      await lab.pair.script(
        "one",
        `systemd-run -q --unit=holder flock /run/evenkeel-db.lock sleep 30
while flock -n /run/evenkeel-db.lock true; do sleep 0.05; done`,
      );
      expect((await verb(lab.pair, "one", "follow --deadline 1")).exitCode).toBe(13);
      expect((await verb(lab.pair, "one", "status")).exitCode).toBe(0);
      await lab.pair.script("one", "systemctl stop holder");
      expect((await verb(lab.pair, "one", "follow")).exitCode).toBe(0);
    }, 60_000);
  });
}
