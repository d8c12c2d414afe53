import { describe, expect, test } from "@jest/globals";
import type { z } from "zod";
import { answers, type Question, type Range } from "../../../automation/remote/digest.ts";
import { compare } from "../../../automation/verify/compare.ts";
import type { Digests } from "../../../automation/verify/model.ts";
import type { Engine } from "../../../components/host/database-settings.ts";
import type { DatabaseLab, hosts } from "../support/database-lab.ts";

/** In the site's database: keys of several kinds, values of several more, a table without a key and one of many chunks. */
const tables: Record<Engine, string> = {
  mariadb: `CREATE TABLE words (word varchar(40) NOT NULL, n int NOT NULL, note text, PRIMARY KEY (word, n));
INSERT INTO words SELECT CONCAT(ELT(1 + seq % 3, 'a', 'O''N\\\\', 'b c '), seq % 500), seq, IF(seq % 3 = 0, NULL, 'x') FROM seq_1_to_5000;
CREATE TABLE bytes (id binary(4) PRIMARY KEY, body longblob, at datetime(6), price decimal(20,6), d double, f float);
INSERT INTO bytes SELECT UNHEX(LPAD(HEX(seq), 8, '0')), REPEAT(CHAR(seq % 256), seq), NOW(6), seq / 7, seq / 3, 1234000 + seq FROM seq_1_to_3000;
CREATE TABLE \`key less\` (a int); INSERT INTO \`key less\` SELECT seq FROM seq_1_to_1000;`,
  postgresql: `CREATE TABLE words (word text NOT NULL, n int NOT NULL, note text, PRIMARY KEY (word, n));
INSERT INTO words SELECT (ARRAY['a', 'O''N\\', 'b c '])[1 + i % 3] || i % 500, i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'x' END FROM generate_series(1, 5000) i;
CREATE TABLE bytes (id bytea PRIMARY KEY, body text, at timestamptz, price numeric(20,6), d float8, f float4);
INSERT INTO bytes SELECT decode(lpad(to_hex(i), 8, '0'), 'hex'), repeat('y', i), clock_timestamp(), i / 7.0, i / 3.0::float8, 1234000 + i FROM generate_series(1, 3000) i;
CREATE TABLE "Key less" (a int); INSERT INTO "Key less" SELECT generate_series(1, 1000);`,
};
const gone: Record<Engine, string> = {
  mariadb: "DROP TABLE words, bytes, `key less`;",
  postgresql: 'DROP TABLE words, bytes, "Key less";',
};
/** Statements in the site's database on standard input, as the administrator; they reach the standby. */
const client: Record<Engine, string> = {
  mariadb: "mariadb wordpress_db",
  postgresql: "runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -d wordpress_db",
};

/** Begins with two active and one its standby; leaves it so. */
export function digestTests(lab: DatabaseLab): void {
  const { words } = lab;
  const write = (statements: string) =>
    lab.pair.script("two", `${client[lab.engine]} <<'END'\n${statements}\nEND`);
  type Host = (typeof hosts)[number];

  async function ask<T>(host: Host, question: Question, schema: z.ZodType<T>, deadline = 30): Promise<T> {
    const text = Buffer.from(JSON.stringify(question)).toString("base64");
    const line = `base64 -d <<<${text} | evenkeel-db digest --deadline ${deadline}`;
    return schema.parse(JSON.parse(await lab.pair.script(host, line)));
  }

  const once = (reached: string | undefined) => (reached === undefined ? {} : { reached });
  const side = (host: Host): Digests => ({
    tables: (reached) => ask(host, { ask: "tables", ...once(reached) }, answers.tables),
    walk: (from, seconds) => ask(host, { ask: "walk", from: [...from], seconds }, answers.chunks),
    ranges: (ranges, reached) =>
      ask(host, { ask: "ranges", ranges: [...ranges], ...once(reached) }, answers.chunks),
    rows: (range, reached) => ask(host, { ask: "rows", range, ...once(reached) }, answers.rows),
  });
  /** The table of that name as one range. */
  const rangeOf = async (host: Host, name: string): Promise<Range[]> => {
    const found = (await side(host).tables()).tables.filter(({ table }) => table[1] === name);
    return found.map(({ table }) => ({ table, after: null, upTo: null }));
  };
  const wordsOf = (host: Host) => rangeOf(host, "words");
  const compareBoth = () => compare(side("two"), side("one"), () => undefined);

  describe("[P7] the digests of rows", () => {
    test("are equal on writer and standby for keys and values of every kind, chunk by chunk", async () => {
      await write(tables[lab.engine]);
      const compared = await compareBoth();
      expect({ ...compared, rows: 0, tables: 0 }).toEqual({
        rows: 0,
        tables: 0,
        differences: [],
        changing: [],
        unsettled: [],
      });
      expect(compared.rows).toBeGreaterThan(9000);
    }, 120_000);

    test("tell a row that was changed, added or taken away where the standby does not apply it", async () => {
      const { position } = await side("one").tables();
      await lab.pair.sql("one", words.stopApplying);
      try {
        // The float's change is one of its seventh digit.
        await write(
          "UPDATE words SET note = NULL WHERE n = 4000; DELETE FROM words WHERE n = 10; UPDATE bytes SET f = f + 1 WHERE f = 1236999;",
        );
        const floats = async (host: Host) => (await side(host).ranges(await rangeOf(host, "bytes"))).chunks;
        expect(await floats("two")).not.toEqual(await floats("one"));
        const [range] = (await wordsOf("two")) as [Range];
        const rows = async (host: Host) => (await side(host).rows(range)).rows;
        const [ours, theirs] = [new Map(await keyed(rows("two"))), new Map(await keyed(rows("one")))];
        const different = [...theirs].filter(([key, hash]) => ours.get(key) !== hash).map(([key]) => key);
        expect(different.map((key) => JSON.parse(key)[1]).sort()).toEqual(["10", "4000"]);
        // It is waited for no longer than the deadline says.
        const later = (await side("two").tables()).position;
        await expect(ask("one", { ask: "tables", reached: later }, answers.tables, 3)).rejects.toThrow(
          /not applied here within the deadline/,
        );
        expect((await ask("one", { ask: "tables", reached: position }, answers.tables)).tables).not.toEqual(
          [],
        );
      } finally {
        await lab.pair.sql("one", words.startApplying);
      }
      const caughtUp = await side("two").ranges(await wordsOf("two"));
      expect((await side("one").ranges(await wordsOf("one"), caughtUp.position)).chunks).toEqual(
        caughtUp.chunks,
      );
    }, 120_000);

    test("a walk that has no time ends with its first chunk, and goes on behind it", async () => {
      const [range] = await wordsOf("two");
      const table = range?.table as [string, string];
      const walk = (after: string[] | null) =>
        ask("two", { ask: "walk", from: [{ table, after }], seconds: 0 }, answers.chunks);
      const [first, ...more] = (await walk(null)).chunks;
      expect({ more, rows: first }).toMatchObject({ more: [], rows: { rows: 1000, after: null } });
      const upTo = (first as { upTo: string[] }).upTo;
      expect((await walk(upTo)).chunks[0]).toMatchObject({ after: upTo, rows: 1000 });
    }, 60_000);

    test("a host's history beyond the other's is told in words, and nothing where there is none", async () => {
      const missing = async (own: string, other: string) =>
        (await ask("one", { ask: "missing", own, other }, answers.missing)).missing;
      const { history: standby } = await lab.pair.status("one");
      const { history: writer } = await lab.pair.status("two");
      expect(await missing(standby ?? "", writer ?? "")).toBeNull();
      await write(gone[lab.engine]);
      const { history: more } = await lab.pair.status("two");
      expect(await missing(more ?? "", standby ?? "")).toMatch(/\d/);
    }, 60_000);
  });
}

const keyed = async (rows: Promise<[string[], string][]>): Promise<[string, string][]> =>
  (await rows).map(([key, hash]) => [JSON.stringify(key), hash]);
