import { describe, expect, test } from "@jest/globals";
import { databaseCommand } from "../../../automation/remote/database.ts";
import { type LostTail, parseReplayed, parseTail } from "../../../automation/remote/tail.ts";
import { cutShort, eventually, killed, login, verb } from "../support/database-faults.ts";
import { app, type DatabaseLab } from "../support/database-lab.ts";

const lostOrders = Array.from({ length: 50 }, (_, place) => `lost-${String(place).padStart(2, "0")}`);

/**
 * A writer that was cut off, fenced and replaced comes back with what only it holds. Begins with two active and one its
 * standby; leaves one active and two its standby.
 */
export function returnTests(lab: DatabaseLab): void {
  const { peering, place, words } = lab;
  let tail: LostTail;

  const asApp = async (to: "one" | "two", statements: readonly string[]) => {
    const statement = `${statements.join(";\n")};`;
    const result = await login(lab.pair, { from: "one", to: place(to), ...app(), statement });
    expect(result).toMatchObject({ exitCode: 0 });
  };
  const orders = (host: "one" | "two") => lab.pair.sql(host, `SELECT id, item FROM ${table()} ORDER BY id`);
  const table = () => (lab.engine === "mariadb" ? "wordpress_db.wp_lost" : "wp_lost");
  const ask = async (host: "one" | "two", asked: ReturnType<typeof databaseCommand.tail>) => {
    const { exitCode, stdout, stderr } = await lab.pair.run(host, asked, 120_000);
    expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
    return stdout;
  };
  const replay = async (dryRun: boolean) =>
    parseReplayed(await ask("one", databaseCommand.replay({ rows: tail.rows, dryRun })));
  const isStandby = (host: "one" | "two") =>
    eventually(`${host} receives`, 30_000, async () => {
      const { role, replication } = await lab.pair.status(host);
      return role === "standby" && replication?.receiving === true && replication.applying;
    });

  describe("the return of an old writer", () => {
    test("a standby that holds nothing of its own has an empty tail, and saves none", async () => {
      await isStandby("one");
      const empty = parseTail(await ask("one", databaseCommand.tail({ save: true })));
      expect(empty).toMatchObject({ region: "two", range: null, transactions: 0, rows: [], saved: null });
      expect((await verb(lab.pair, "one", "follow")).answer).toMatchObject({ followed: false });
      expect(await verb(lab.pair, "two", "tail")).toMatchObject({ exitCode: 12 });
      expect(await verb(lab.pair, "two", "reseed")).toMatchObject({ exitCode: 12 });
    }, 60_000);

    test("cut off, fenced and replaced, it may not follow, and its tail lists what it alone holds, row by row", async () => {
      await asApp("two", [
        `CREATE TABLE ${table()} (id varchar(20) PRIMARY KEY, item varchar(40))`,
        ...["changed", "gone", "kept"].map((id) => `INSERT INTO ${table()} VALUES ('${id}', 'mug')`),
      ]);
      await eventually("the rows are there", 20_000, async () => (await orders("one")).includes("kept"));
      await lab.pair.script("one", words.stopReceiving(peering("two")));
      await asApp("two", [
        ...lostOrders.map((id) => `INSERT INTO ${table()} VALUES ('${id}', 'mug \\x0a "of" one''s 🛒')`),
        `UPDATE ${table()} SET item = 'cup' WHERE id = 'changed'`,
        `DELETE FROM ${table()} WHERE id = 'gone'`,
      ]);
      const { epoch } = await lab.pair.status("two");
      expect(await verb(lab.pair, "two", "fence")).toMatchObject({ exitCode: 0 });
      expect(await verb(lab.pair, "one", `promote --epoch ${epoch + 1} --confirmed-off two`)).toMatchObject({
        exitCode: 0,
      });
      expect(await verb(lab.pair, "two", "follow")).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("evenkeel-db tail --save"),
      });
      tail = parseTail(await ask("two", databaseCommand.tail()));
      expect(tail).toMatchObject({ epoch: epoch + 1, region: "one", decoded: true, truncated: false });
      expect(tail.transactions).toBe(52);
      const row = (op: string, id: string, before: string | null, after: string | null) => ({
        ...{ op, key: { id }, table: expect.stringMatching(/\.wp_lost$/) },
        before: before === null ? null : { id, item: before },
        after: after === null ? null : { id, item: after },
      });
      const item = lab.engine === "mariadb" ? `mug x0a "of" one's 🛒` : `mug \\x0a "of" one's 🛒`;
      expect(
        tail.rows.map(({ op, key, table: of, before, after }) => ({ op, key, table: of, before, after })),
      ).toEqual([
        ...lostOrders.map((id) => row("insert", id, null, item)),
        row("update", "changed", "mug", "cup"),
        row("delete", "gone", "mug", null),
      ]);
    }, 90_000);

    test("nothing is given up before it was saved, with its log, for root alone", async () => {
      const early = await verb(lab.pair, "two", "reseed");
      expect(early).toMatchObject({
        exitCode: 12,
        stderr: expect.stringContaining("tail --save goes before"),
      });
      const rewind = await verb(lab.pair, "two", "rewind");
      expect(rewind.exitCode).toBe(lab.engine === "mariadb" ? 2 : 12);
      expect(await lab.pair.status("two")).toMatchObject({ role: "fenced", writable: false });
      const { saved, id } = parseTail(await ask("two", databaseCommand.tail({ save: true })));
      expect(saved).toBe(`/var/lib/evenkeel/tails/${tail.epoch}-${tail.id}.json`);
      expect(id).toBe(tail.id);
      expect(await lab.pair.script("two", `stat -c '%a %U' ${saved}; jq '.rows | length' ${saved}`)).toBe(
        "600 root\n52\n",
      );
      const log = `find ${saved?.replace(".json", "")} -type f -size +0 -perm 600 | wc -l`;
      expect(Number(await lab.pair.script("two", log))).toBeGreaterThan(0);
    }, 60_000);

    if (lab.engine === "postgresql")
      test("rewound, it holds what the writer holds and follows it; once more there is nothing to take back", async () => {
        const rewound = await verb(lab.pair, "two", "rewind");
        expect({ answer: rewound.answer, stderr: rewound.answer ? "" : rewound.stderr }).toEqual({
          answer: expect.objectContaining({ rewound: true, from: "one" }),
          stderr: "",
        });
        process.stderr.write(`rewind: ${rewound.seconds.toFixed(1)} s\n`);
        await isStandby("two");
        expect(await orders("two")).toBe(await orders("one"));
        expect(parseTail(await ask("two", databaseCommand.tail()))).toMatchObject({ range: null });
      }, 90_000);

    test("reseeded, cut in the midst and run again, it holds what the writer holds and follows it", async () => {
      expect(await cutShort(lab.pair, "two", "reseed", "move_in")).toMatchObject({ exitCode: killed });
      expect(await lab.pair.status("two")).toMatchObject({ role: "unseeded", writable: false });
      const reseeded = await verb(lab.pair, "two", "reseed");
      expect(reseeded.answer).toMatchObject({ reseeded: true, from: "one", epoch: tail.epoch });
      process.stderr.write(`reseed: ${reseeded.seconds.toFixed(1)} s\n`);
      await isStandby("two");
      expect(await orders("two")).toBe(await orders("one"));
      expect(await orders("two")).not.toContain("lost-");
    }, 120_000);

    test("replay puts back what does not conflict, names what does, and done again changes nothing", async () => {
      await asApp("one", [`UPDATE ${table()} SET item = 'pot' WHERE id = 'changed'`]);
      const before = await orders("one");
      const conflict = { table: expect.stringMatching(/\.wp_lost$/), key: { id: "changed" } };
      const conflicts = [expect.objectContaining({ ...conflict, why: "the row was changed here since" })];
      expect(await replay(true)).toEqual({ applied: 51, already: 0, conflicts });
      expect(await orders("one")).toBe(before);
      expect(await replay(false)).toEqual({ applied: 51, already: 0, conflicts });
      const after = await orders("one");
      for (const id of lostOrders) expect(after).toContain(id);
      expect(after).toContain("changed\tpot");
      expect(after).not.toContain("gone");
      expect(await replay(false)).toEqual({ applied: 0, already: 51, conflicts });
      await eventually("the standby has it", 20_000, async () => (await orders("two")) === after);
      const { exitCode } = await lab.pair.run("two", databaseCommand.replay({ rows: tail.rows }));
      expect(exitCode).toBe(12);
    }, 90_000);

    test("a tail that is none, and names that are no tables, change nothing", async () => {
      const strange = {
        ...tail.rows[0],
        table: "x`; DROP TABLE wp_lost; --",
        tx: "1",
      } as LostTail["rows"][0];
      const answer = parseReplayed(await ask("one", databaseCommand.replay({ rows: [strange] })));
      expect(answer).toMatchObject({ applied: 0, conflicts: [{ why: "there is no such table here" }] });
      const none = { ...databaseCommand.replay({ rows: [] }), stdin: '{"rows": 1}' };
      expect((await lab.pair.run("one", none)).exitCode).toBe(2);
      expect(await orders("one")).toContain("kept");
    }, 30_000);
  });
}
