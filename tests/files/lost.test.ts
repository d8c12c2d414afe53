import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { execa } from "execa";

/** The readers of the engines' logs as they lie on a host, asked by a few lines of Python; what they read was recorded on hosts. */
const files = join(import.meta.dirname, "../../components/host/files");
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "evenkeel-lost-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true, force: true });
});

async function python(engine: "mariadb" | "postgresql", program: string, input: unknown): Promise<unknown> {
  const first = `import json, sys; sys.dont_write_bytecode = True; sys.path[:0] = [${JSON.stringify(join(files, engine, "db/log"))}]\n`;
  const { stdout } = await execa("python3", ["-I", "-c", first + program], {
    input: JSON.stringify(input),
    cwd: directory,
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

describe("values of MariaDB's binary log", () => {
  const texts = (values: [string, number, string, object][]) =>
    python(
      "mariadb",
      `import values
def text(data, kind, meta, column):
    try:
        return values.text(bytes.fromhex(data), kind, bytes.fromhex(meta), {"kind": "", "type": "", "charset": None, **column})
    except values.Unknown as unknown:
        return {"why": str(unknown)}
print(json.dumps([text(*one) for one in json.load(sys.stdin)]))`,
      values,
    );

  test("each kind is the text that the server would give of it", async () => {
    expect(
      await texts([
        ["fb", 1, "", { type: "tinyint(4)" }],
        ["fb", 1, "", { type: "tinyint(3) unsigned" }],
        ["ffffffffffffffff", 8, "", { type: "bigint(20) unsigned" }],
        ["90eefe", 9, "", { type: "mediumint(9)" }],
        ["77d50f", 10, "", {}],
        ["7fffffffffcfc6fef727", 246, "1405", {}],
        ["80000700c350", 246, "0a05", {}],
        ["99bb6ee00001e240", 18, "06", {}],
        ["00000000", 17, "00", {}],
        ["6b0446e00c", 17, "02", {}],
        ["7fef7cee30", 19, "03", {}],
        ["0000c03f", 4, "04", {}],
        ["9a9999999999b93f", 5, "08", {}],
        ["7e", 13, "", {}],
        ["0201", 16, "0201", {}],
        ["00ff27", 252, "02", {}],
        ["01", 254, "fe04", {}],
        ["02", 254, "f701", { kind: "enum", type: "enum('a','b''c')" }],
        ["05", 254, "f801", { kind: "set", type: "set('x','y','z')" }],
        ["e980", 15, "1400", { charset: "latin1" }],
      ]),
    ).toEqual([
      ...["-5", "251", "18446744073709551615"],
      ...["-70000", "2026-11-23", "-12345.67800", "7.50000", "2026-11-23 14:00:00.123456"],
      ...["0000-00-00 00:00:00", "2026-11-23 14:00:00.12", "-01:02:03.456", "1.5", "0.1", "2026"],
      ...["513", "00FF27", "01000000", "b'c", "x,z", "é€"],
    ]);
  });

  test("a value that can't be told says why, and is not guessed", async () => {
    expect(
      await texts([
        ["ff", 15, "1400", { charset: "utf8mb4" }],
        ["41", 15, "1400", { charset: "koi8r" }],
        ["01", 254, "f701", { kind: "enum", type: String.raw`enum('a\\b')` }],
      ]),
    ).toEqual([
      { why: "a text that is no utf8mb4" },
      { why: "a column in koi8r" },
      { why: "an enumeration with a backslash" },
    ]);
  });
});

describe("pg_waldump's lines", () => {
  const rel = "blkref #0: rel 1663/16384/16390 blk 0";
  const line = (manager: string, tx: number, desc: string) =>
    `rmgr: ${manager.padEnd(11)} len (rec/tot):     59/    59, tx:        ${tx}, lsn: 0/01923A08, prev 0/019239D0, desc: ${desc}`;
  const transactions = (lines: string[], most = 100) =>
    python(
      "postgresql",
      "import wal\ngiven = json.load(sys.stdin)\nprint(json.dumps(list(wal.transactions(given['lines'], given['most']))))",
      { lines, most },
    );
  const relation = [1663, 16384, 16390];

  test("give committed transactions in the order of their commits, with those of their subtransactions", async () => {
    const at = "2026-11-23 15:03:00.123 UTC";
    expect(
      await transactions([
        line("Heap", 741, `INSERT off: 4, flags: 0x08, ${rel}`),
        line(
          "Heap",
          744,
          `HOT_UPDATE old_xmax: 744, old_off: 1, old_infobits: [], flags: 0x20, new_xmax: 0, new_off: 5, ${rel}`,
        ),
        line(
          "Heap",
          745,
          `UPDATE old_xmax: 745, old_off: 2, old_infobits: [], flags: 0x00, new_xmax: 0, new_off: 6, blkref #0: rel 1663/16384/16390 blk 7, blkref #1: rel 1663/16384/16390 blk 3`,
        ),
        line("Heap2", 744, `MULTI_INSERT+INIT ntuples: 2, flags: 0x00, ${rel}`),
        line("Transaction", 744, `COMMIT ${at}; subxacts: 745`),
        line("Heap", 746, `DELETE xmax: 746, off: 2, infobits: [KEYS_UPDATED], flags: 0x00, ${rel}`),
        line("Transaction", 746, `ABORT ${at}`),
        line("Transaction", 741, `COMMIT ${at}`),
        line("Heap", 750, `INSERT off: 9, flags: 0x08, ${rel}`),
      ]),
    ).toEqual([
      {
        tx: "744",
        at: "2026-11-23T15:03:00Z",
        changes: [
          ["744", "update", relation, [0, 1], [0, 5]],
          ["744", "insert", relation, null, [0, 1]],
          ["744", "insert", relation, null, [0, 2]],
          ["745", "update", relation, [3, 2], [7, 6]],
        ],
      },
      { tx: "741", at: "2026-11-23T15:03:00Z", changes: [["741", "insert", relation, null, [0, 4]]] },
    ]);
  });

  test("an insertion that was only tried is none", async () => {
    const answer = await transactions([
      line("Heap", 8, `INSERT off: 1, flags: 0x10, ${rel}`),
      line("Heap", 8, `DELETE xmax: 8, off: 1, infobits: [], flags: 0x08, ${rel}`),
      line("Heap", 8, `INSERT off: 2, flags: 0x00, ${rel}`),
      line("Transaction", 8, "COMMIT 2026-11-23 15:03:00.123 UTC"),
    ]);
    expect(answer).toMatchObject([{ changes: [["8", "insert", relation, null, [0, 2]]] }]);
  });
});

describe("where two of PostgreSQL's histories part", () => {
  const missing = (own: object, other: object) =>
    python(
      "postgresql",
      "import timelines\ngiven = json.load(sys.stdin)\nprint(json.dumps(timelines.missing(*given)))",
      [JSON.stringify(own), JSON.stringify(other)],
    );
  const history = (timelines: [number, string][], timeline: number, end: string, openings: string[]) => ({
    ...{ timelines, timeline, end, openings },
  });
  const writer = history(
    [
      [1, "0/100"],
      [2, "0/400"],
    ],
    3,
    "0/900",
    ["2 1 one", "3 2 two"],
  );

  test("behind where the writer left the timeline, on it and on those that came of it", async () => {
    expect(await missing(history([[1, "0/100"]], 2, "0/500", ["2 1 one"]), writer)).toEqual({
      timelines: [{ timeline: 2, from: "0/400", to: "0/500" }],
      bytes: 256,
    });
    const forked = history(
      [
        [1, "0/100"],
        [2, "0/450"],
      ],
      3,
      "0/500",
      ["2 1 one", "3 2 one"],
    );
    expect(await missing(forked, writer)).toMatchObject({
      timelines: [
        { timeline: 2, from: "0/400", to: "0/450" },
        { timeline: 3, from: "0/450", to: "0/500" },
      ],
    });
  });

  test("a timeline of the same number that another region opened is another one", async () => {
    const other = history(
      [
        [1, "0/100"],
        [2, "0/300"],
      ],
      3,
      "0/500",
      ["2 1 one", "3 2 one"],
    );
    expect(await missing(other, writer)).toMatchObject({ timelines: [{ timeline: 3, from: "0/300" }] });
  });

  test("nothing where the writer has all of it", async () => {
    expect(await missing(history([[1, "0/100"]], 2, "0/400", ["2 1 one"]), writer)).toBeNull();
    expect(await missing(writer, { ...writer, end: "0/A00" })).toBeNull();
  });
});
