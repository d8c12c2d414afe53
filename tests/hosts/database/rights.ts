import { describe, expect, test } from "@jest/globals";
import { cutShort, eventually, killed, login, verb } from "../support/database-faults.ts";
import { app, type DatabaseLab } from "../support/database-lab.ts";

/** What is done by hand to a PostgreSQL that writes, and what the look says of all of it together. */
const strange = `"a""b c'd"`;
const byHand = `
ALTER SYSTEM SET log_statement = 'all';
ALTER SYSTEM SET synchronous_standby_names = 'nobody';
ALTER DATABASE wordpress_db OWNER TO wp_user;
ALTER DATABASE wordpress_db CONNECTION LIMIT 3;
ALTER DATABASE wordpress_db SET default_transaction_read_only = on;
SET default_transaction_read_only = off;
REVOKE CONNECT ON DATABASE wordpress_db FROM "evenkeel-beat";
GRANT CONNECT ON DATABASE postgres TO PUBLIC;
CREATE ROLE ghost SUPERUSER NOLOGIN;
CREATE ROLE harmless NOLOGIN;
CREATE ROLE ${strange} LOGIN;
GRANT ALL ON DATABASE wordpress_db TO ${strange} WITH GRANT OPTION;
GRANT ghost, postgres, pg_read_all_data TO wp_user;
REVOKE USAGE ON SCHEMA evenkeel FROM "evenkeel-beat";
GRANT CREATE ON SCHEMA evenkeel TO wp_user;
GRANT UPDATE (epoch) ON evenkeel.heartbeat TO PUBLIC;
ALTER TABLE evenkeel.openings OWNER TO wp_user;
ALTER ROLE wp_user SET statement_timeout = '1ms';
ALTER ROLE postgres IN DATABASE wordpress_db SET role = wp_user;
ALTER ROLE ALL SET default_transaction_isolation = 'serializable';
ALTER ROLE evenkeel_health CONNECTION LIMIT 0 VALID UNTIL '2020-01-01' INHERIT;
ALTER ROLE evenkeel_repl SUPERUSER;
ALTER ROLE "evenkeel-beat" NOLOGIN;`;

const variable = (what: string, found: string, wanted = "nothing else") => ({
  kind: "variable",
  what,
  wanted,
  found,
});
const grant = (what: string, wanted: string, found: string) => ({ kind: "grant", what, wanted, found });
const nobody = "no such account, or one that may not log in";
const findings = [
  variable("log_statement", "all", "none"),
  variable("synchronous_standby_names", "nobody", "its default"),
  grant(
    "database wordpress_db",
    "evenkeel-beat CONNECT; owner postgres; wp_user CONNECT; wp_user CREATE; wp_user TEMPORARY",
    ["CONNECT", "CREATE", "TEMPORARY"].map((right) => `a"b c'd ${right}, to be given on; `).join("") +
      "owner wp_user; takes 3 connections",
  ),
  grant("database postgres", "nothing else", "PUBLIC CONNECT"),
  grant("wp_user", "nothing else", "member of ghost; member of pg_read_all_data; member of postgres"),
  grant(
    "evenkeel",
    "schema evenkeel-beat USAGE",
    "heartbeat.epoch PUBLIC UPDATE; openings owner wp_user; schema wp_user CREATE",
  ),
  grant("evenkeel_health", "login", "login inherit connections=0 until=2020-01-01 00:00:00+00"),
  grant("evenkeel_repl", "login replication", "login replication superuser"),
  { kind: "account", what: "ghost", wanted: nobody, found: "superuser inherit" },
  { kind: "account", what: `a"b c'd`, wanted: nobody, found: "login inherit" },
  { kind: "account", what: "evenkeel-beat", wanted: "there", found: "may not log in" },
  variable("default_transaction_read_only in database wordpress_db", "on"),
  variable("statement_timeout of wp_user", "1ms"),
  variable("role of postgres in database wordpress_db", "wp_user"),
  variable("default_transaction_isolation", "serializable"),
];

/** PostgreSQL alone: its many places for rights and settings. Begins with two active and one its standby; leaves it so. */
export function rightsTests(lab: DatabaseLab): void {
  const look = async (host: "one" | "two", repair = false) =>
    JSON.parse(await lab.pair.script(host, `evenkeel-db look${repair ? " --repair" : ""}`)) as object[];
  const administrator = (host: "one" | "two", statements: string) =>
    lab.pair.script(
      host,
      `runuser -u postgres -- psql -X -q -v ON_ERROR_STOP=1 -d wordpress_db <<'END'\n${statements}\nEND`,
    );
  const beats = (host: "one" | "two") =>
    eventually(`${host} beats`, 10_000, async () => {
      const { heartbeat } = await lab.pair.status(host);
      return heartbeat?.region === host && heartbeat.ageSeconds < 3;
    });

  describe("[P27] the look at PostgreSQL's rights", () => {
    test("names memberships, superusers, owners, rights, limits and what is set for roles, databases and the server, and mends them", async () => {
      expect(await look("two")).toEqual([]);
      await administrator("two", byHand);
      const found = await look("two");
      expect(found).toEqual(expect.arrayContaining(findings));
      expect(found).toHaveLength(findings.length);
      expect(await look("two", true)).toEqual([]);
      expect(await look("two")).toEqual([]);
      await beats("two");
      expect(await lab.insert("one", "two", "after the rights")).toMatchObject({ exitCode: 0 });
      await administrator("two", `DROP ROLE ghost, harmless, ${strange}`);
    }, 60_000);

    test("looks at no account of a standby, and writes nothing there", async () => {
      const before = await lab.ownWrites("one", "one");
      await administrator("two", "ALTER DATABASE wordpress_db SET lock_timeout = '1ms'");
      const set = async () => (await lab.pair.sql("one", "SELECT COUNT(*) FROM pg_db_role_setting")) === "1";
      await eventually("one has it", 10_000, set);
      expect(await look("one", true)).toEqual([]);
      expect(await set()).toBe(true);
      expect(await lab.ownWrites("one", "one")).toBe(before);
      expect(await lab.pair.status("one")).toMatchObject({ role: "standby", writable: false });
      expect(await look("two")).toEqual([variable("lock_timeout in database wordpress_db", "1ms")]);
      expect(await look("two", true)).toEqual([]);
    }, 60_000);
  });

  test("nothing that the application did to a database that it owned keeps a region from becoming the writer, or from coming back", async () => {
    const { epoch } = await lab.pair.status("two");
    const must = async (host: "one" | "two", words: string) =>
      expect(await verb(lab.pair, host, words)).toMatchObject({ exitCode: 0 });
    const as = (host: "one" | "two", statement: string) =>
      login(lab.pair, { from: "two", to: lab.place(host), ...app(), statement });
    const close = `ALTER DATABASE wordpress_db SET default_transaction_read_only = on;
SET default_transaction_read_only = off;
REVOKE CONNECT ON DATABASE wordpress_db FROM "evenkeel-beat";`;
    // As it was where a site was born before.
    await administrator("two", "ALTER DATABASE wordpress_db OWNER TO wp_user");
    expect(await as("two", close)).toMatchObject({ exitCode: 0 });
    await must("two", "demote");
    await must("one", `promote --epoch ${epoch + 1}`);
    await beats("one");
    expect((await as("one", `SET default_transaction_read_only = off;\n${close}`)).stderr).toMatch(
      "must be owner",
    );

    await administrator(
      "one",
      `SET default_transaction_read_only = off; ALTER DATABASE wordpress_db OWNER TO wp_user;\n${close}`,
    );
    await lab.pair.script("one", `systemctl restart ${lab.words.unit}`);
    await must("one", `resume --epoch ${epoch + 1}`);
    await beats("one");
    // A resume that is cut behind the opening may be finished as the promotion that it was.
    await lab.pair.script("one", `systemctl restart ${lab.words.unit}`);
    const cut = await cutShort(lab.pair, "one", `resume --epoch ${epoch + 1}`, "give_rights");
    expect(cut.exitCode).toBe(killed);
    await lab.pair.script("one", "systemctl stop evenkeel-heartbeat");
    await must("one", `promote --epoch ${epoch + 1}`);
    await beats("one");
    // What it set for itself is named, and mended.
    expect((await lab.insert("two", "one", "while it is set")).stderr).toMatch(/read-only transaction/);
    expect(await look("one")).toEqual([
      variable("default_transaction_read_only in database wordpress_db", "on"),
    ]);
    expect(await look("one", true)).toEqual([]);
    expect(await lab.insert("two", "one", "after it was set")).toMatchObject({ exitCode: 0 });

    await must("two", "follow");
    await must("one", "demote");
    await must("two", `promote --epoch ${epoch + 2}`);
    await must("one", "follow");
  }, 120_000);
}
