import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { databaseStatus, sql } from "./support/database.ts";
import { asRoot, cli, get, type SiteHandle, site } from "./support/site.ts";

jest.setTimeout(120_000);

const minute = 60_000;
let now: SiteHandle;

interface Named {
  host: string;
  kind: string;
  what: string;
  wanted: string;
  found: string;
}

/** What is done to a host, and as what it has to be named. */
interface Seeded extends Omit<Named, "wanted"> {
  by: string;
}

const web = "secondary/web-1";
const php = "$(basename $(dirname $(dirname $(ls -d /etc/php/*/fpm))) 2>/dev/null || ls /etc/php)";

const healthAccount = "evenkeel_health@10.110.0.0/255.255.255.0";

const seeds: Seeded[] = [
  {
    ...{ host: web, kind: "file", what: "/etc/nginx/snippets/evenkeel-gate.conf", found: "another content" },
    by: "echo '# mine' >>/etc/nginx/snippets/evenkeel-gate.conf",
  },
  {
    ...{ host: web, kind: "file", what: "/etc/evenkeel/wordpress.env", found: "mode 0644" },
    by: "chmod 0644 /etc/evenkeel/wordpress.env",
  },
  {
    ...{ host: web, kind: "file", what: "/var/www/html/wp-config.php", found: "another content" },
    by: "echo '// mine' >>/var/www/html/wp-config.php",
  },
  {
    ...{ host: web, kind: "file", what: "/usr/local/lib/evenkeel/web/drain", found: "missing" },
    by: "rm /usr/local/lib/evenkeel/web/drain",
  },
  {
    ...{
      host: web,
      kind: "link",
      what: "/etc/nginx/sites-enabled/evenkeel",
      found: "link ../sites-available/other",
    },
    by: "cp /etc/nginx/sites-available/evenkeel /etc/nginx/sites-available/other; ln -sfn ../sites-available/other /etc/nginx/sites-enabled/evenkeel",
  },
  {
    ...{ host: web, kind: "cron", what: "/etc/cron.d/mine", found: "there" },
    by: "echo '* * * * * root true' >/etc/cron.d/mine",
  },
  {
    ...{ host: web, kind: "unit", what: "evenkeel-settle.service", found: "disabled" },
    by: "systemctl disable -q evenkeel-settle",
  },
  {
    ...{ host: web, kind: "package", what: "php-redis", found: "not installed" },
    by: `dpkg -r --force-depends php-redis "php${php}-redis" >/dev/null 2>&1`,
  },
  {
    ...{ host: "secondary/cache", kind: "unit", what: "redis-server.service", found: "masked" },
    by: "systemctl stop redis-server; systemctl mask -q redis-server",
  },
  {
    ...{ host: "secondary/cache", kind: "file", what: "/etc/redis/evenkeel.acl", found: "another content" },
    by: "sed -i 's/off/on/' /etc/redis/evenkeel.acl",
  },
  {
    ...{ host: "secondary/store", kind: "unit", what: "evenkeel-store.service", found: "inactive" },
    by: "systemctl stop evenkeel-store",
  },
  {
    ...{
      host: "secondary/store",
      kind: "file",
      what: "/usr/local/bin/versitygw",
      found: "owner nobody:root",
    },
    by: "chown nobody /usr/local/bin/versitygw; chmod 0755 /usr/local/bin/versitygw",
  },
  {
    ...{
      host: "secondary/gateway",
      kind: "file",
      what: "/etc/haproxy/haproxy.cfg",
      found: "another content",
    },
    by: "echo '# mine' >>/etc/haproxy/haproxy.cfg",
  },
  {
    ...{ host: "secondary/gateway", kind: "unit", what: "haproxy.service", found: "disabled" },
    by: "systemctl disable -q haproxy",
  },
  {
    ...{
      host: "secondary/database",
      kind: "file",
      what: "/usr/local/sbin/evenkeel-db",
      found: "another content",
    },
    by: "echo '# mine' >>/usr/local/sbin/evenkeel-db",
  },
  {
    ...{
      host: "secondary/database",
      kind: "file",
      what: "/etc/evenkeel/database.json",
      found: "owner nobody:root",
    },
    by: "chown nobody /etc/evenkeel/database.json",
  },
  {
    ...{
      host: "third/edge",
      kind: "file",
      what: "/etc/ssh/sshd_config.d/00-evenkeel.conf",
      found: "another content",
    },
    by: "echo 'PasswordAuthentication yes' >>/etc/ssh/sshd_config.d/00-evenkeel.conf",
  },
  {
    ...{ host: "third/edge", kind: "unit", what: "pdns.service", found: "disabled" },
    by: "systemctl disable -q pdns",
  },
  {
    ...{ host: "third/edge", kind: "cron", what: "/var/spool/cron/crontabs/root", found: "there" },
    by: "mkdir -p /var/spool/cron/crontabs; echo '* * * * * true' >/var/spool/cron/crontabs/root",
  },
  {
    ...{ host: "primary/database", kind: "variable", what: "sync_binlog", found: "0" },
    by: "mariadb -e 'SET GLOBAL sync_binlog=0'",
  },
  {
    ...{ host: "secondary/database", kind: "variable", what: "local_infile", found: "1" },
    by: "mariadb -e 'SET GLOBAL local_infile=1'",
  },
  {
    ...{ host: "primary/database", kind: "account", what: "stray@localhost", found: "there" },
    by: "mariadb -e 'CREATE OR REPLACE USER stray@localhost'",
  },
  {
    ...{
      host: "primary/database",
      kind: "grant",
      what: "evenkeel-beat@localhost",
      found: "GRANT SELECT, INSERT, UPDATE",
    },
    by: `mariadb -e 'GRANT INSERT ON evenkeel.heartbeat TO "evenkeel-beat"@localhost'`,
  },
  {
    ...{
      host: "primary/database",
      kind: "grant",
      what: healthAccount,
      found: "GRANT USAGE ON *.* REQUIRE SSL",
    },
    by: `mariadb -e 'REVOKE SELECT ON evenkeel.heartbeat FROM "${healthAccount.replace("@", '"@"')}"'`,
  },
];

async function check(): Promise<{ exitCode: number; drifts: Named[]; unknown: unknown[] }> {
  const { exitCode, stdout } = await cli(["provision", "--check", "--format", "json"]);
  return { exitCode, ...(JSON.parse(stdout) as { drifts: Named[]; unknown: unknown[] }) };
}

beforeAll(async () => {
  now = await site();
});

describe("[P27] drift on the hosts", () => {
  // What a failing test left would fail the files after it.
  afterAll(async () => {
    await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
    await sql(now, "primary", "DROP USER IF EXISTS stray@localhost");
  }, 6 * minute);

  test("is none on a site that is as it was left, and the look says so", async () => {
    expect(await check()).toMatchObject({ exitCode: 0, drifts: [], unknown: [] });
    const table = await cli(["provision", "--check"]);
    expect(table).toMatchObject({ exitCode: 0, stdout: "" });
    expect(table.stderr).toMatch(/All \d+ hosts are as their roles left them/);
  });

  test(
    `is named by host, kind, thing, what is wanted and what was found (${seeds.length} kinds), changes nothing, and is mended by provision`,
    async () => {
      // What the standby has written by itself (W10): neither looking nor mending adds to it.
      const ownEvents = async () =>
        (await sql(now, "secondary", "SELECT @@global.gtid_binlog_state"))
          .join()
          .split(",")
          .filter((gtid) => gtid.split("-")[1] === "2");
      const before = await ownEvents();
      for (const { host, by } of seeds) await asRoot(now, host, ["bash", "-ec", by]);
      const seen = await check();
      expect(seen.exitCode).toBe(10);
      const named = seen.drifts.map(({ host, kind, what, found }) => ({ host, kind, what, found }));
      const missed = seeds.filter(
        (seed) =>
          !named.some(
            (one) =>
              one.host === seed.host &&
              one.kind === seed.kind &&
              one.what === seed.what &&
              one.found.startsWith(seed.found),
          ),
      );
      expect(missed.map(({ by: _, ...seed }) => seed)).toEqual([]);
      // Looking mended nothing.
      expect((await check()).drifts).toEqual(seen.drifts);
      // No content of a file is told, not even that of one which should be nobody's to read.
      expect(JSON.stringify(seen)).not.toContain("PasswordAuthentication");
      const { exitCode, stderr } = await cli(["provision", "--yes"], { timeoutMs: 5 * minute });
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      // Pulumi sees none of it.
      expect(stderr).not.toMatch(/\d+ (created|updated|deleted)/);
      for (const { host, kind, what, found } of seeds)
        expect(stderr).toContain(`${host}: the ${kind} ${what}: found ${found}`);
      expect(await check()).toMatchObject({ exitCode: 0, drifts: [], unknown: [] });
      expect((await get(`${now.regions.secondary?.url}/evenkeel/ready`)).status).toBe(200);
      expect(await ownEvents()).toEqual(before);
      expect(await databaseStatus(now, "primary")).toMatchObject({ role: "active", writable: true });
      // A stray is somebody's: it was put away, not thrown away.
      expect(
        await asRoot(now, web, ["bash", "-c", "cat /var/lib/evenkeel/strays/*/etc_cron.d_mine"]),
      ).toContain("root true");
    },
    8 * minute,
  );

  test("a host that can't be looked at is no host that is well", async () => {
    await asRoot(now, web, ["mv", "/usr/local/sbin/evenkeel-look", "/usr/local/sbin/evenkeel-look.gone"]);
    try {
      const { exitCode, unknown } = await check();
      expect({ exitCode, unknown }).toEqual({
        exitCode: 10,
        unknown: [{ host: web, why: expect.stringContaining("evenkeel-look") }],
      });
    } finally {
      await asRoot(now, web, ["mv", "/usr/local/sbin/evenkeel-look.gone", "/usr/local/sbin/evenkeel-look"]);
    }
  });
});
