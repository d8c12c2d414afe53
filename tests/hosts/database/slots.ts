import { describe, expect, test } from "@jest/globals";
import { verb } from "../support/database-faults.ts";
import { type DatabaseLab, hosts } from "../support/database-lab.ts";

/** PostgreSQL alone: what MariaDB has not. Begins with two active and one its standby, after promotions both ways; leaves it so. */
export function slotTests(lab: DatabaseLab): void {
  const slots = (host: (typeof hosts)[number]) =>
    lab.pair.sql(
      host,
      "SELECT string_agg(slot_name || ' ' || active || ' ' || (restart_lsn IS NOT NULL), ',' ORDER BY slot_name) FROM pg_replication_slots",
    );

  describe("[D8] replication slots", () => {
    test("the writer has one a region, named for its place and in use; a host that follows keeps none", async () => {
      expect(await slots("two")).toBe("one true true");
      expect(await slots("one")).toBe("");
      expect(await lab.pair.sql("one", "SELECT slot_name FROM pg_stat_wal_receiver")).toBe("one");
    });

    test("one of a region that is away keeps the log for it, and is used again when it returns", async () => {
      await lab.pair.sql("two", "SELECT pg_switch_wal()");
      await lab.pair.script("one", `systemctl stop ${lab.words.unit}`);
      await lab.pair.script(
        "two",
        lab.words.shell(
          "CREATE TABLE more AS SELECT repeat(md5(i::text), 60) AS t FROM generate_series(1, 20000) i",
        ),
      );
      expect(await slots("two")).toBe("one false true");
      const kept = "SELECT pg_current_wal_lsn() - restart_lsn > 1000000 FROM pg_replication_slots";
      expect(await lab.pair.sql("two", kept)).toBe("t");
      expect((await verb(lab.pair, "one", "follow")).exitCode).toBe(0);
      expect(await slots("two")).toBe("one true true");
    }, 120_000);
  });

  test("no function of the application's runs as the administrator, whatever its database looks for first", async () => {
    const hostile = (name: string, words: string) =>
      `CREATE FUNCTION public.${name}(${words}) RETURNS json LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''hostile''; END';`;
    await lab.pair.script(
      "two",
      `runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -d wordpress_db <<'END'
${hostile("json_build_array", "bigint, text")}${hostile("json_build_object", "text, text")}${hostile("round", "numeric, int")}
${hostile("md5", "text")}
ALTER DATABASE wordpress_db SET search_path = public, pg_catalog;
END`,
    );
    try {
      expect(await lab.pair.status("two")).toMatchObject({ running: true, heartbeat: { region: "two" } });
      const question = Buffer.from(
        '{"ask":"walk","from":[{"table":["evenkeel","heartbeat"],"after":null}],"seconds":1}',
      );
      const digest = `base64 -d <<<${question.toString("base64")} | evenkeel-db digest`;
      expect(JSON.parse(await lab.pair.script("two", digest))).toMatchObject({ chunks: [{ rows: 2 }] });
      // The negative arm: a session that looks there first meets them.
      await expect(lab.pair.script("two", lab.words.shell("SELECT md5(1::text)"))).rejects.toThrow("hostile");
    } finally {
      await lab.pair.script(
        "two",
        `runuser -u postgres -- psql -X -q -d wordpress_db <<'END'
ALTER DATABASE wordpress_db RESET search_path;
DROP FUNCTION public.json_build_array, public.json_build_object, public.round, public.md5;
END`,
      );
    }
  }, 60_000);

  test("a standby that is down when it is fenced receives nothing when it is up again", async () => {
    await lab.pair.script("one", `systemctl stop ${lab.words.unit}`);
    expect((await verb(lab.pair, "one", "fence")).answer).toMatchObject({ fenced: true });
    expect(await lab.pair.status("one")).toMatchObject({ role: "fenced", running: true, writable: false });
    expect(await lab.pair.sql("one", "SELECT count(*) FROM pg_stat_wal_receiver")).toBe("0");
    expect((await verb(lab.pair, "one", "follow")).exitCode).toBe(0);
    expect(await lab.pair.sql("one", "SELECT count(*) FROM pg_stat_wal_receiver")).toBe("1");
  }, 60_000);
}
