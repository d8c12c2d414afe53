import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Range } from "../../../automation/remote/digest.ts";
import { compare } from "../../../automation/verify/compare.ts";
import { content, Replicated } from "./databases.ts";

const quiet = () => undefined;
const rows = { 1: 10, 2: 20, 3: 30, 4: 40, 5: 50, 6: 60, 7: 70 };

describe("[P7] comparing two databases", () => {
  test("equal ones are equal, chunk by chunk, and every answer is told", async () => {
    const both = new Replicated(content({ a: rows, b: {} }), content({ a: rows, b: {} }));
    const told: string[] = [];
    const compared = await compare(both.side("active"), both.side("standby"), (text) => told.push(text));
    expect(compared).toEqual({ tables: 2, rows: 7, differences: [], changing: [], unsettled: [] });
    expect(told).toEqual([
      "s.a: 0 of 2 tables, 3 rows",
      "s.a: 0 of 2 tables, 6 rows",
      "s.b: 1 of 2 tables, 7 rows",
      "s.b: 2 of 2 tables, 7 rows",
    ]);
  });

  test("a row that is missing, one too many and one that differs are named; so are tables", async () => {
    const { 3: _, ...fewer } = rows;
    const both = new Replicated(
      content({ a: rows, b: { 1: 1 }, only: {} }),
      content({ a: { ...fewer, 5: 51, 8: 80 }, b: { 1: 1 }, stray: {} }),
    );
    const { differences } = await compare(both.side("active"), both.side("standby"), quiet);
    expect(differences).toEqual([
      { kind: "table-missing", table: "s.only", key: null },
      { kind: "table-extra", table: "s.stray", key: null },
      { kind: "row-missing", table: "s.a", key: ["3"] },
      { kind: "row-differs", table: "s.a", key: ["5"] },
      { kind: "row-extra", table: "s.a", key: ["8"] },
    ]);
  });

  test("a table without a key is compared as a whole", async () => {
    const both = new Replicated(content({ a: rows, b: rows }), content({ a: rows, b: { ...rows, 2: 21 } }));
    const side = { keyless: ["a", "b"] };
    const { differences } = await compare(both.side("active", side), both.side("standby", side), quiet);
    expect(differences).toEqual([{ kind: "rows-differ", table: "s.b", key: null }]);
  });

  test("a row that changes with every question is said to be changing, not to differ", async () => {
    let value = 1000;
    const both = new Replicated(content({ a: rows }), content({ a: rows }), (database) => {
      for (let i = 0; i < 3; i++) database.write("a", 4, value++);
      database.apply(100);
    });
    const { differences, changing } = await compare(both.side("active"), both.side("standby"), quiet);
    expect(differences).toEqual([]);
    expect(changing).toEqual([{ table: "s.a", key: ["4"] }]);
  });

  test("a row that differed once, while another goes on changing, is unknown and not different", async () => {
    let value = 1000;
    let asked = 0;
    const both = new Replicated(content({ a: rows }), content({ a: rows }), (database) => {
      asked += 1;
      for (let i = 0; i < 3; i++) database.write("a", 4, value++);
      database.apply(100);
      // Only in the last of eight rounds, each of three questions, behind the tables and the walk.
      if (asked >= 28) database.standby.get("a")?.set(2, 21);
    });
    const { differences, changing } = await compare(both.side("active"), both.side("standby"), quiet);
    expect(differences).toEqual([]);
    expect(changing.map(({ key }) => key?.[0])).toContain("4");
  });

  test("a range of more rows than are told at once is unknown", async () => {
    const both = new Replicated(content({ a: rows }), content({ a: { ...rows, 2: 21 } }));
    const standby = both.side("standby");
    const much = {
      ...standby,
      rows: async (range: Range) => ({ ...(await standby.rows(range)), more: true }),
    };
    const { differences, changing } = await compare(both.side("active"), much, quiet);
    expect({ differences, changing }).toEqual({ differences: [], changing: [{ table: "s.a", key: null }] });
  });

  test("while both run and the standby lags, no row is said to differ that does not, and none that does is missed", async () => {
    const key = fc.integer({ min: 1, max: 12 });
    const write = fc.record({ key, value: fc.option(fc.integer({ min: 0, max: 3 })), applied: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(key.map(String), fc.integer({ min: 0, max: 3 })),
        fc.array(write, { maxLength: 40 }),
        fc.uniqueArray(fc.integer({ min: 20, max: 30 }), { maxLength: 3 }),
        async (start, writes, wrong) => {
          const standby = content({ a: start });
          for (const one of wrong) standby.get("a")?.set(one, 1);
          let next = 0;
          const both = new Replicated(content({ a: start }), standby, (database) => {
            const one = writes[next++];
            if (one === undefined) return;
            database.write("a", one.key, one.value);
            database.apply(one.applied);
          });
          const { differences, changing } = await compare(both.side("active"), both.side("standby"), quiet);
          const named = differences.map(({ kind, key: of }) => `${kind} ${of?.[0]}`);
          expect(named).toEqual(wrong.sort((one, other) => one - other).map((one) => `row-extra ${one}`));
          for (const { key: of } of changing) expect(Number(of?.[0])).toBeLessThanOrEqual(12);
        },
      ),
      { numRuns: 300 },
    );
  });
});
