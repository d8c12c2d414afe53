import { describe, expect, test } from "@jest/globals";
import { cutShort, killed, login, silenceSsh, verb } from "../support/database-faults.ts";
import { app, type DatabaseLab, replicator } from "../support/database-lab.ts";

/** Begins with two hosts that hold nothing; leaves one the active database at epoch 1. */
export function birthTests(lab: DatabaseLab): void {
  const { insert, notes, peering, place, words } = lab;

  describe("birth", () => {
    test("is refused while another region's host can't be asked", async () => {
      await silenceSsh(lab.pair, "one", true);
      const { exitCode, stderr } = await verb(lab.pair, "one", "birth");
      await silenceSsh(lab.pair, "one", false);
      expect(exitCode).toBe(12);
      expect(stderr).toContain("another birth can't be excluded: region two");
      expect(await lab.pair.status("one")).toMatchObject({ role: "unseeded", writable: false });
    });

    test("killed before each of its steps and run again it makes one site at epoch 1, once", async () => {
      for (const step of ["mark_opening", "make_accounts", "write_role", "open_writes", "remove_durably"]) {
        expect({ step, exitCode: (await cutShort(lab.pair, "one", "birth", step)).exitCode }).toEqual({
          step,
          exitCode: killed,
        });
      }
      expect((await verb(lab.pair, "one", "birth")).answer).toEqual({ born: true, epoch: 1, region: "one" });
      expect((await verb(lab.pair, "one", "birth")).answer).toEqual({ born: false, epoch: 1, region: "one" });
      for (const words of ["birth", "birth --report"]) {
        expect((await verb(lab.pair, "two", words)).answer).toEqual({ born: false, epoch: 1, region: "one" });
      }
      expect(await lab.pair.status("one")).toMatchObject({ role: "active", epoch: 1, writable: true });
      expect(await lab.pair.status("two")).toMatchObject({ role: "unseeded", writable: false });
    });

    test("[O15] the application writes over TLS from a web network, with any printable password", async () => {
      expect(await insert("two", "one", "straße 🛒")).toMatchObject({ exitCode: 0 });
      expect(await notes("one")).toContain("straße 🛒");
    });

    test("[O15] it may do nothing beyond its own database, in clear text, from elsewhere or with another password", async () => {
      const as = (changes: object) =>
        login(lab.pair, { from: "two", to: place("one"), ...app(), statement: "SELECT 1", ...changes });
      for (const statement of words.forbidden)
        expect({ statement, said: (await as({ statement })).stderr }).toEqual({
          statement,
          said: expect.stringMatching(words.refused.login),
        });
      expect((await as({ tls: false })).exitCode).not.toBe(0);
      expect((await as({ to: peering("one") })).stderr).toMatch(words.refused.login);
      expect((await as({ password: "wrong" })).stderr).toMatch(words.refused.login);
    });

    test("[P3] a clear-text replication login is refused, and one from outside the link", async () => {
      const as = (changes: object) =>
        login(lab.pair, {
          from: "two",
          to: peering("one"),
          ...replicator(),
          tls: true,
          replication: true,
          statement: words.replicationQuestion,
          ...changes,
        });
      expect((await as({})).exitCode).toBe(0);
      expect((await as({ tls: false })).exitCode).not.toBe(0);
      expect((await as({ to: place("one") })).stderr).toMatch(words.refused.login);
    });
  });
}
