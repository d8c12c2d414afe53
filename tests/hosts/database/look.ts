import { describe, expect, test } from "@jest/globals";
import { verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";
import { strangePassword } from "../support/engine-words.ts";
import { mariadbLookTests } from "./look-mariadb.ts";

/** Begins with two active and one its standby; leaves it so. */
export function lookTests(lab: DatabaseLab): void {
  const { words } = lab;
  /** What evenkeel-look asks a database host for. */
  const look = async (host: "one" | "two", repair = false) =>
    JSON.parse(await lab.pair.script(host, `evenkeel-db look${repair ? " --repair" : ""}`)) as {
      kind: string;
      what: string;
      wanted: string;
      found: string;
    }[];

  describe("[P27] the look at a database", () => {
    test("finds nothing where all is as the role and the birth left it, on writer and standby", async () => {
      expect(await look("two")).toEqual([]);
      expect(await look("one")).toEqual([]);
    });

    test("names a changed setting, an added account, an added and a dropped right, a changed password, and mends them on the writer", async () => {
      for (const { by } of words.drifts) await lab.pair.script("two", by);
      const found = await look("two");
      expect(found.map(({ kind, what }) => ({ kind, what }))).toEqual(
        expect.arrayContaining(words.drifts.map(({ kind, what }) => ({ kind, what }))),
      );
      expect(found).toHaveLength(words.drifts.length);
      // Neither a password nor what the server keeps of one.
      expect(JSON.stringify(found)).not.toMatch(new RegExp(`${strangePassword}|SCRAM|\\*[0-9A-F]{40}`));
      // Looking changed nothing.
      expect(await look("two")).toEqual(found);
      expect(await look("two", true)).toEqual([]);
      expect(await look("two")).toEqual([]);
      expect(await lab.insert("one", "two", "after the mending")).toMatchObject({ exitCode: 0 });
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", writable: true });
      // Somebody else's account can't log in any more, and is there.
      expect(await lab.pair.sql("two", words.strays)).toBe("1");
    }, 60_000);

    test("mends a standby's settings, and writes nothing there", async () => {
      const before = await lab.ownWrites("one", "one");
      const [setting] = words.drifts;
      await lab.pair.script("one", setting?.by ?? "");
      expect(await look("one")).toMatchObject([{ kind: "variable", what: setting?.what }]);
      expect(await look("one", true)).toEqual([]);
      expect(await lab.ownWrites("one", "one")).toBe(before);
      expect(await lab.pair.status("one")).toMatchObject({
        role: "standby",
        writable: false,
        replication: { receiving: true },
      });
    }, 60_000);

    test("names a packet filter that is gone, and loads it", async () => {
      await lab.pair.script("one", "nft delete table inet evenkeel_db");
      expect(await look("one")).toMatchObject([{ kind: "file", what: "/etc/evenkeel/database.nft" }]);
      expect(await look("one", true)).toEqual([]);
      expect(await lab.pair.script("one", "nft list set inet evenkeel_db open_ports")).toContain("elements");
    }, 60_000);

    test("a flag that it does not know ends with 2, and so does a deadline that is no number to all", async () => {
      expect((await verb(lab.pair, "one", "look --deadline 08")).exitCode).toBe(2);
      expect((await verb(lab.pair, "one", "look --mend")).exitCode).toBe(2);
    });
  });

  if (lab.engine === "mariadb") mariadbLookTests(lab);
}
