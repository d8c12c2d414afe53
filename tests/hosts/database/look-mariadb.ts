import { describe, expect, test } from "@jest/globals";
import { eventually, keepBootAway, verb } from "../support/database-faults.ts";
import type { DatabaseLab } from "../support/database-lab.ts";
import type { HostName } from "../support/database-pair.ts";

interface Finding {
  kind: string;
  what: string;
  wanted: string;
  found: string;
}

const foreign = "/etc/mysql/mariadb.conf.d/99-x.cnf";
const own = "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf";
const application = "wp_user@10.213.0.0/255.255.255.0";
const account = '"wp_user"@"10.213.0.0/255.255.255.0"';
const mariadb = (statement: string) => `mariadb -e '${statement}'`;

/** What is done to the writer by hand, past the drifts that both engines have, and what the look names. */
const drifts: readonly { by: string; names: object }[] = [
  {
    by: mariadb("GRANT SELECT, DELETE ON *.* TO PUBLIC"),
    names: { kind: "grant", what: "PUBLIC", wanted: "nothing", found: "GRANT SELECT, DELETE ON *.*" },
  },
  {
    by: mariadb(`ALTER USER ${account} PASSWORD EXPIRE`),
    names: { kind: "account", what: application, found: "an expired or expiring one" },
  },
  {
    by: mariadb(`ALTER USER ${account} WITH MAX_USER_CONNECTIONS 1`),
    names: { kind: "grant", what: application, found: expect.stringContaining("MAX_USER_CONNECTIONS 1") },
  },
  {
    by: mariadb('ALTER USER "evenkeel-beat"@localhost WITH MAX_USER_CONNECTIONS 9'),
    names: {
      kind: "grant",
      what: "evenkeel-beat@localhost",
      found: expect.stringContaining("MAX_USER_CONNECTIONS 9"),
    },
  },
  {
    by: mariadb(`GRANT PROXY ON root@localhost TO ${account}`),
    names: { kind: "grant", what: application, found: expect.stringContaining("GRANT PROXY ON") },
  },
  {
    by: mariadb(`CREATE ROLE more; GRANT more TO ${account}; SET DEFAULT ROLE more FOR ${account}`),
    names: { kind: "grant", what: application, found: expect.stringContaining("SET DEFAULT ROLE `more`") },
  },
];

const variables: Record<string, string> = {
  server_id: "7",
  max_binlog_total_size: "0",
  slave_connections_needed_for_purge: "1",
  time_zone: '"SYSTEM"',
  character_set_server: "latin1",
  collation_server: "latin1_swedish_ci",
  gtid_strict_mode: "0",
  max_binlog_size: "4096",
};

/** MariaDB alone: what its files and its statements can do that PostgreSQL's can not. Begins with two active and one its standby; leaves it so. */
export function mariadbLookTests(lab: DatabaseLab): void {
  const look = async (host: HostName, repair = false) =>
    JSON.parse(await lab.pair.script(host, `evenkeel-db look${repair ? " --repair" : ""}`)) as Finding[];
  const receives = async () => (await lab.pair.status("one")).replication?.receiving === true;
  /** Nothing administrative has entered the standby's own history (writer.md, W10). */
  const writesNothing = async (act: () => Promise<unknown>) => {
    const before = await lab.ownWrites("one", "one");
    await act();
    expect(await lab.ownWrites("one", "one")).toBe(before);
    expect(await lab.pair.status("one")).toMatchObject({ role: "standby", writable: false });
    await eventually("one receives", 20_000, receives);
  };

  describe("[P27] the look at MariaDB", () => {
    test.each(drifts)(
      "finds and mends on the writer: $by",
      async ({ by, names }) => {
        expect(await look("two")).toEqual([]);
        await lab.pair.script("two", by);
        expect(await look("two")).toEqual([expect.objectContaining(names)]);
        await writesNothing(async () => {
          expect(await look("two", true)).toEqual([]);
          // What the writer made of it reaches the standby.
          await eventually("one has it", 20_000, async () => (await look("one")).length === 0);
        });
        expect(await lab.insert("one", "two", "after the mending")).toMatchObject({ exitCode: 0 });
      },
      60_000,
    );

    test.each(["two", "one"] as const)(
      "compares all that its file sets, on %s",
      async (host) => {
        const set = Object.entries(variables).map(([name, value]) => `SET GLOBAL ${name} = ${value};`);
        const wanted = await lab.pair.sql(host, "SELECT @@global.server_id");
        await lab.pair.script(host, mariadb(set.join(" ")));
        const found = await look(host);
        expect(found.map(({ what }) => what).sort()).toEqual(Object.keys(variables).sort());
        expect(found[0]).toEqual({ kind: "variable", what: "server_id", wanted, found: "7" });
        expect(found).toContainEqual(
          expect.objectContaining({ what: "max_binlog_size", wanted: "134217728", found: "4096" }),
        );
        expect(await look(host, true)).toEqual([]);
        expect(await lab.variable(host, "collation_server")).toBe("utf8mb4_unicode_520_ci");
      },
      60_000,
    );

    test("looks while a restart is pending too, and leaves out what waits for it alone", async () => {
      await lab.pair.script(
        "two",
        `cp -p ${own} /root/own.cnf; sed -i 's/^max_connections = .*/max_connections = 300/' ${own}`,
      );
      expect((await lab.pair.status("two")).restartNeeded).toBe(true);
      expect(await look("two")).toEqual([]);
      await lab.pair.script("two", mariadb("SET GLOBAL sync_binlog = 0; SET GLOBAL max_connections = 200"));
      expect(await look("two")).toMatchObject([{ what: "sync_binlog", wanted: "1", found: "0" }]);
      expect(await look("two", true)).toEqual([]);
      expect(await lab.variable("two", "max_connections")).toBe("200");
      await lab.pair.script("two", `mv /root/own.cnf ${own}`);
      expect((await lab.pair.status("two")).restartNeeded).toBe(false);
      expect(await look("two")).toMatchObject([{ what: "max_connections", wanted: "256", found: "200" }]);
      expect(await look("two", true)).toEqual([]);
    }, 60_000);

    test("a root that the server refuses is let in again on both, without a restart", async () => {
      const pid = () => lab.pair.script("two", lab.words.processes);
      const before = await pid();
      // The regions' rows are compared (digest.py), so it has to be the very one.
      const root = "SELECT Priv FROM mysql.global_priv WHERE User = 'root'";
      const row = await lab.pair.sql("two", root);
      await lab.pair.script("two", mariadb('ALTER USER root@localhost IDENTIFIED BY "x"'));
      const refused = [
        { kind: "account", what: "root@localhost", wanted: "lets the host's root in", found: "refuses" },
      ];
      expect(await look("two")).toEqual(refused);
      expect((await verb(lab.pair, "two", "status")).stderr).toContain("refuses the host's root");
      await eventually("one refuses too", 20_000, async () => (await look("one")).length === 1);
      expect(await look("one")).toEqual(refused);
      expect(await look("one", true)).toEqual([]);
      await writesNothing(async () => {
        expect(await look("two", true)).toEqual([]);
        expect(await look("two")).toEqual([]);
        expect(await look("one")).toEqual([]);
      });
      expect(await pid()).toBe(before);
      for (const host of ["one", "two"] as const) expect(await lab.pair.sql(host, root)).toBe(row);
      expect((await verb(lab.pair, "two", "status")).stderr).toBe("");
      expect(await lab.pair.status("two")).toMatchObject({ role: "active", running: true, writable: true });
    }, 60_000);

    test("names what only the standby has, locks somebody else's there and touches none of ours", async () => {
      const stray = "SET sql_log_bin = 0; CREATE USER sb; GRANT ALL PRIVILEGES ON *.* TO sb";
      const right = `INSERT ON wordpress_db.* TO evenkeel_health@"10.213.0.0/255.255.255.0"`;
      await writesNothing(async () => {
        await lab.pair.script("one", mariadb(`${stray}; GRANT ${right}`));
        const health = { kind: "grant", what: "evenkeel_health@10.213.0.0/255.255.255.0" };
        expect(await look("one")).toEqual([
          expect.objectContaining(health),
          expect.objectContaining({ kind: "account", what: "sb@%", found: "there" }),
        ]);
        expect(await look("two")).toEqual([]);
        expect(await look("one", true)).toEqual([expect.objectContaining(health)]);
        await lab.pair.script(
          "one",
          mariadb(`SET sql_log_bin = 0; DROP USER sb; REVOKE ${right.replace(" TO ", " FROM ")}`),
        );
        expect(await look("one")).toEqual([]);
      });
    }, 60_000);

    test("[W1] another file opens no server and starts no replica", async () => {
      await keepBootAway(lab.pair, "one", true);
      await lab.pair.script(
        "one",
        `printf '[mariadbd]\\nread_only=0\\nskip_slave_start=0\\nbinlog_format=STATEMENT\\n' >${foreign}
systemctl restart mariadb`,
      );
      expect(await lab.variable("one", "binlog_format")).toBe("STATEMENT");
      expect(await lab.pair.status("one")).toMatchObject({
        writable: false,
        replication: { receiving: false, applying: false },
      });
      expect(await look("one")).toMatchObject([{ what: "binlog_format", wanted: "ROW" }]);
      await keepBootAway(lab.pair, "one", false);
      await lab.pair.script("one", `rm ${foreign}; systemctl restart mariadb`);
      await eventually("one receives", 20_000, receives);
      expect(await look("one")).toEqual([]);
    }, 90_000);

    test("[W1] a unit that would not start it closed does not start it", async () => {
      const dropIn = "/run/systemd/system/mariadb.service.d/zz.conf";
      await lab.pair.script(
        "one",
        `mkdir -p ${dropIn.replace("/zz.conf", "")}
printf '[Service]\\nEnvironment=MYSQLD_OPTS=\\n' >${dropIn}
systemctl daemon-reload`,
      );
      const { exitCode } = await lab.pair.run("one", {
        argv: "sudo -n systemctl restart mariadb".split(" "),
      });
      expect(exitCode).not.toBe(0);
      expect(await lab.pair.script("one", "journalctl -u mariadb -n 20 -o cat")).toContain(
        "mariadb.service would not start with --read-only=1 --skip-slave-start",
      );
      await lab.pair.script("one", `rm ${dropIn}\nsystemctl daemon-reload\nsystemctl start mariadb`);
      await eventually("one receives", 20_000, receives);
    }, 90_000);
  });
}
