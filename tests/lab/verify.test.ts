import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import type { VerifyDocument } from "../../automation/verify/document.ts";
import { sql } from "./support/database.ts";
import { asRoot, cli, eventually, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

let now: SiteHandle;
const minute = 60_000;
const many = 200_000;

/** Keys of every kind that a table of WordPress or a plugin has, a table without one, and one of many chunks. */
const tables = `SET NAMES utf8mb4;
CREATE OR REPLACE DATABASE evenkeel_verify; USE evenkeel_verify;
CREATE TABLE words (word varchar(40) CHARACTER SET utf8mb4 NOT NULL, n int NOT NULL, note text, PRIMARY KEY (word, n));
CREATE TABLE bytes (id binary(4) PRIMARY KEY, body longblob);
CREATE TABLE times (at datetime(3) NOT NULL, note varchar(20) CHARACTER SET latin1, UNIQUE KEY (at));
CREATE TABLE keyless (a int, b double);
CREATE TABLE hits (id int PRIMARY KEY, n int NOT NULL);
CREATE TABLE busy (id int PRIMARY KEY, n int NOT NULL);
CREATE TABLE many (id bigint PRIMARY KEY AUTO_INCREMENT, title varchar(200), body text, at datetime);
INSERT INTO words SELECT CONCAT(ELT(1 + seq % 4, 'a', 'ä', 'O''Neil\\\\', '🛒 '), seq % 1000), seq, IF(seq % 3 = 0, NULL, REPEAT('x', seq % 50)) FROM seq_1_to_5000;
INSERT INTO bytes SELECT UNHEX(LPAD(HEX(seq), 8, '0')), REPEAT(CHAR(seq % 256), seq) FROM seq_1_to_3000;
INSERT INTO times SELECT '2026-01-01' + INTERVAL seq MINUTE, 'café' FROM seq_1_to_3000;
INSERT INTO keyless SELECT seq, seq / 3 FROM seq_1_to_2000;
INSERT INTO hits VALUES (1, 0);
INSERT INTO busy VALUES (1, 0);
INSERT INTO many (title, body, at) SELECT CONCAT('title ', seq), REPEAT('words and more ', 20), NOW() FROM seq_1_to_${many};`;

async function verify(): Promise<{ exitCode: number; document: VerifyDocument; stderr: string }> {
  const { exitCode, stdout, stderr } = await cli(["verify", "--format", "json"], { timeoutMs: 3 * minute });
  return { exitCode, document: JSON.parse(stdout) as VerifyDocument, stderr };
}

/** Past its read_only, and into no binary log: what a bug, a disk or a person might do to a standby. */
const onStandby = (statement: string) => sql(now, "secondary", `SET SESSION sql_log_bin=0; ${statement}`);

/** Writes one row fifty times a second until /run/enough is there, for a minute at most. */
function changingFast() {
  return asRoot(now, "primary/database", [
    "bash",
    "-c",
    // Ended, and not waited for: on a busy host its client has statements of a minute and more before it.
    `rm -f /run/enough
for i in $(seq 6000); do echo "UPDATE evenkeel_verify.busy SET n = n + 1; SELECT SLEEP(0.02);"; sleep 0.01; done | mariadb >/dev/null &
for i in $(seq 600); do [ ! -e /run/enough ] || break; sleep 0.1; done; kill $!; wait`,
  ]);
}

beforeAll(async () => {
  now = await site();
});

afterAll(async () => {
  await onStandby("DROP USER IF EXISTS stray@localhost");
  await sql(now, "primary", "DROP DATABASE IF EXISTS evenkeel_verify");
});

describe("[P7] verify", () => {
  test(
    "finds every table of the two regions equal while rows are written, tells the rate, and writes nothing on the standby",
    async () => {
      await sql(now, "primary", tables);
      const own = async () => (await sql(now, "secondary", "SELECT @@global.gtid_binlog_state")).join();
      const written = (state: string) => state.split(",").filter((gtid) => gtid.split("-")[1] === "2");
      const before = await own();
      // A quarter of a minute of small commits: changed, added and deleted rows.
      const writes = asRoot(now, "primary/database", [
        "bash",
        "-c",
        `for i in $(seq 300); do echo "UPDATE evenkeel_verify.many SET title = 'new $i' WHERE id = $i * 600;
INSERT INTO evenkeel_verify.many (title) VALUES ('added'); DELETE FROM evenkeel_verify.words WHERE n = $i; SELECT SLEEP(0.03);"; done | mariadb >/dev/null`,
      ]);
      const { exitCode, document, stderr } = await verify();
      await writes;
      const [report] = document.standbys;
      expect({ exitCode, differences: report?.differences, errant: report?.errant }).toEqual({
        exitCode: 0,
        differences: [],
        errant: null,
      });
      expect(document).toMatchObject({
        active: "primary",
        standbys: [{ region: "secondary", changing: [] }],
      });
      expect(report?.rows).toBeGreaterThan(many);
      expect(stderr).toMatch(/\w+\.\w+: \d+ of \d+ tables, \d+ rows/);
      expect(written(await own())).toEqual(written(before));
      const bytes = Number((await sql(now, "primary", sizeOfAll)).at(0));
      process.stderr.write(
        `verify: ${report?.rows} rows and ${(bytes / 1e6).toFixed(0)} MB in ${report?.seconds} s, beside writes\n`,
      );
    },
    4 * minute,
  );

  test(
    "names rows, tables and accounts of the standby that are not as the active region has them, and a row that changes faster than it can be compared, and ends with 10",
    async () => {
      await onStandby(`USE evenkeel_verify; UPDATE words SET note = 'other' WHERE n = 4001;
DELETE FROM bytes WHERE id = UNHEX('00000900'); INSERT INTO times VALUES ('2025-12-31 23:59:59.123', 'stray');
UPDATE keyless SET b = 1 WHERE a = 7; UPDATE many SET body = NULL WHERE id = 123457;
CREATE TABLE stray (id int); ALTER TABLE hits ADD COLUMN more int; CREATE USER stray@localhost`);
      const word = (
        await sql(now, "primary", "SET NAMES utf8mb4; SELECT word FROM evenkeel_verify.words WHERE n = 4001")
      )[0];
      const writes = changingFast();
      const { exitCode, document } = await verify().finally(() =>
        asRoot(now, "primary/database", ["touch", "/run/enough"]),
      );
      await writes;
      expect(exitCode).toBe(10);
      // Unknown, not equal.
      expect(document.standbys[0]?.changing).toEqual([{ table: "evenkeel_verify.busy", key: ["1"] }]);
      const found = document.standbys[0]?.differences.map(({ kind, table, key }) => [
        kind,
        table,
        ...(key ?? []),
      ]);
      expect(found?.sort()).toEqual(
        [
          ["columns-differ", "evenkeel_verify.hits"],
          ["table-extra", "evenkeel_verify.stray"],
          ["row-differs", "evenkeel_verify.words", word, "4001"],
          ["row-missing", "evenkeel_verify.bytes", "00000900"],
          ["row-extra", "evenkeel_verify.times", "2025-12-31 23:59:59.123"],
          ["rows-differ", "evenkeel_verify.keyless"],
          ["row-differs", "evenkeel_verify.many", "123457"],
          ["row-extra", "mysql.global_priv", "localhost", "stray"],
        ].sort(),
      );
    },
    4 * minute,
  );

  test("a standby that does not follow can't be compared: that is said, and ends with 10", async () => {
    await sql(now, "primary", "DROP DATABASE evenkeel_verify");
    await onStandby("DROP USER stray@localhost; STOP SLAVE SQL_THREAD");
    try {
      const { exitCode, document } = await verify();
      expect(exitCode).toBe(10);
      expect(document.standbys[0]).toMatchObject({
        unknown: "its database does not follow",
        differences: [],
      });
    } finally {
      await onStandby("START SLAVE SQL_THREAD");
    }
    await eventually("it follows and is equal again", 30_000, async () =>
      (await verify()).exitCode === 0 ? true : null,
    );
  });
});

const sizeOfAll = `SELECT SUM(DATA_LENGTH) FROM information_schema.TABLES WHERE TABLE_TYPE = 'BASE TABLE'
  AND TABLE_SCHEMA NOT IN ('information_schema', 'performance_schema', 'sys')`;
