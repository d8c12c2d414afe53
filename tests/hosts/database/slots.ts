import { describe, expect, test } from "@jest/globals";
import { verb } from "../support/database-faults.ts";
import { type DatabaseLab, hosts } from "../support/database-lab.ts";

/** PostgreSQL alone. Begins with two active and one its standby, after promotions both ways; leaves it so. */
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
}
