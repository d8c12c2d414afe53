import { describe, expect, test } from "@jest/globals";
import { verb } from "../support/database-faults.ts";
import { type DatabaseLab, hosts } from "../support/database-lab.ts";

/** Both hosts have the role and hold nothing. */
export function roleTests(lab: DatabaseLab): void {
  const { peering, variable, words } = lab;

  describe("a host with the role and nothing else", () => {
    test.each(hosts)(
      `${lab.engine === "mariadb" ? "[O16] [O17]" : "[D7]"} %s runs with the settings of its place, read back from the server`,
      async (name) => {
        const wanted = words.settings(lab.pair.settings[name]);
        const found = await Promise.all(
          Object.keys(wanted).map(async (key) => [key, await variable(name, key)]),
        );
        expect(Object.fromEntries(found)).toEqual(wanted);
      },
    );

    test("the role once more changes nothing and restarts nothing", async () => {
      const started = () => lab.pair.script("one", `systemctl show -p ActiveEnterTimestamp ${words.unit}`);
      const before = await started();
      expect(await lab.pair.applyRole("one")).toMatchObject({ role: "unseeded", restartNeeded: false });
      expect(await started()).toBe(before);
    });

    test("its history is empty, and no verb but birth and seed moves it", async () => {
      expect(await lab.pair.status("one")).toMatchObject({
        role: "unseeded",
        epoch: 0,
        writable: false,
        history: words.emptyHistory,
      });
      for (const words of ["promote --epoch 1", "demote", "follow", "resume --epoch 1", "seed"]) {
        expect({ words, exitCode: (await verb(lab.pair, "one", words)).exitCode }).toEqual({
          words,
          exitCode: 12,
        });
      }
      expect((await verb(lab.pair, "one", "fence")).answer).toMatchObject({ fenced: false });
    });

    test("birth --report makes nothing, and says that the data is gone where nobody knows an epoch", async () => {
      const { exitCode, stderr } = await verb(lab.pair, "one", "birth --report");
      expect(exitCode).toBe(12);
      expect(stderr).toContain("gone from every database host");
      expect(stderr).toContain("restore a copy");
      expect(await lab.pair.status("one")).toMatchObject({ role: "unseeded", epoch: 0, writable: false });
    });

    test.each([
      "",
      "swim",
      "promote",
      "promote --epoch 0",
      "promote --epoch 10000000000",
      "resume --epoch 10000000000",
      "resume --accept-loss",
      "promote --epoch 2 --accept-loss",
      "promote --epoch 2 --confirmed-off",
      "promote --epoch x",
      "status --epoch 1",
      "seed --deadline soon",
    ])("usage: 'evenkeel-db %s' ends with 2 and says how it is called", async (words) => {
      const { exitCode, stderr } = await verb(lab.pair, "one", words);
      expect(exitCode).toBe(2);
      expect(stderr).toContain("usage: evenkeel-db");
    });

    test("the other regions' user may ask for status and nothing else", async () => {
      const ask = (command: string) =>
        `ssh -F none -i /etc/evenkeel/peer_key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no \
        -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR evenkeel-peer@${peering("two")} ${command} </dev/null`;
      expect(await lab.pair.script("one", ask("status"))).toContain('"region":"two"');
      for (const command of [
        "",
        "id",
        "'status; id'",
        "'status --deadline 99'",
        "'sudo -n evenkeel-db fence'",
      ]) {
        await expect(lab.pair.script("one", ask(command))).rejects.toThrow("only status and send");
      }
      const sudo = "runuser -u evenkeel-peer -- sudo -n /usr/local/sbin/evenkeel-db";
      await expect(lab.pair.script("two", `${sudo} fence --deadline 10`)).rejects.toThrow(
        "password is required",
      );
    });
  });
}
