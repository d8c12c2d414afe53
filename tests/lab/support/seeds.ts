import { cli, type SiteHandle } from "./site.ts";

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

export const web = "secondary/web-1";
/** What an account is given by hand, and nobody is told. */
export const strangePassword = "nobody is to read this";
const php = "$(basename $(dirname $(dirname $(ls -d /etc/php/*/fpm))) 2>/dev/null || ls /etc/php)";

/** An account as MariaDB names it, for the web hosts of the active region. */
const accountOf = (handle: SiteHandle, name: string) =>
  `${name}@${handle.host("primary/web-1").address.replace(/\d+$/, "0")}/255.255.255.0`;

const quoted = (account: string) => `"${account.replace("@", '"@"')}"`;

/** One of each kind, on every kind of host. */
export const seedsOf = (handle: SiteHandle): Seeded[] => [
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
    ...{ host: web, kind: "file", what: "/etc/nginx/nginx.conf", found: "another content" },
    by: "echo '# mine' >>/etc/nginx/nginx.conf",
  },
  {
    ...{ host: web, kind: "file", what: "/etc/nginx/mime.types", found: "missing" },
    by: "rm /etc/nginx/mime.types",
  },
  {
    ...{ host: web, kind: "file", what: "/etc/nginx/conf.d/mine.conf", found: "there" },
    by: "echo '# mine' >/etc/nginx/conf.d/mine.conf",
  },
  {
    ...{
      host: web,
      kind: "file",
      what: "/etc/systemd/system/nginx.service.d/override.conf",
      found: "there",
    },
    by: "mkdir -p /etc/systemd/system/nginx.service.d; printf '[Service]\\nNice=5\\n' >/etc/systemd/system/nginx.service.d/override.conf",
  },
  {
    ...{
      host: "secondary/database",
      kind: "file",
      what: "/etc/mysql/mariadb.conf.d/50-server.cnf",
      found: "mode 0666",
    },
    by: "chmod 0666 /etc/mysql/mariadb.conf.d/50-server.cnf",
  },
  {
    ...{
      host: "secondary/database",
      kind: "file",
      what: "/etc/mysql/mariadb.conf.d/99-mine.cnf",
      found: "there",
    },
    by: "printf '[mariadbd]\\nmax_connections=44\\n' >/etc/mysql/mariadb.conf.d/99-mine.cnf",
  },
  {
    ...{ host: web, kind: "cron", what: "/etc/cron.d/php", found: "another content" },
    by: "echo '* * * * * root true' >>/etc/cron.d/php",
  },
  {
    ...{ host: web, kind: "cron", what: `/etc/cron.daily/${"long".repeat(60)}`, found: "there" },
    by: `touch /etc/cron.daily/${"long".repeat(60)} "$(printf '/etc/cron.daily/\\xff')"`,
  },
  {
    ...{ host: web, kind: "file", what: "/etc/nginx/fastcgi_params", found: "no file" },
    by: "rm /etc/nginx/fastcgi_params; mkdir /etc/nginx/fastcgi_params",
  },
  {
    ...{ host: "secondary/gateway", kind: "unit", what: "etcd.service", found: "inactive" },
    by: "systemctl stop etcd",
  },
  {
    ...{ host: "third/edge", kind: "link", what: "/etc/haproxy/haproxy.cfg", found: "link /root/mine" },
    by: "cp /etc/haproxy/haproxy.cfg /root/mine; ln -sf /root/mine /etc/haproxy/haproxy.cfg",
  },
  {
    ...{ host: "third/edge", kind: "file", what: "/etc/sudoers.d/mine", found: "there" },
    by: "echo '# mine' >/etc/sudoers.d/mine",
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
      what: accountOf(handle, "evenkeel_health"),
      found: "GRANT USAGE ON *.* REQUIRE SSL",
    },
    by: `mariadb -e 'REVOKE SELECT ON evenkeel.heartbeat FROM ${quoted(accountOf(handle, "evenkeel_health"))}'`,
  },
  {
    ...{
      host: "primary/database",
      kind: "account",
      what: accountOf(handle, "wp_user"),
      found: "another password",
    },
    by: `mariadb -e 'ALTER USER ${quoted(accountOf(handle, "wp_user"))} IDENTIFIED BY "${strangePassword}" REQUIRE SSL'`,
  },
  {
    ...{
      host: "primary/web-1",
      kind: "file",
      what: "/var/www/html/wp-includes/version.php",
      found: "another content",
    },
    by: "echo '// mine' >>/var/www/html/wp-includes/version.php",
  },
  {
    ...{ host: "primary/web-1", kind: "file", what: "/var/www/html/wp-cron.php", found: "missing" },
    by: "rm /var/www/html/wp-cron.php",
  },
  {
    ...{ host: "primary/web-1", kind: "file", what: "/var/www/html/wp-admin/mine.php", found: "there" },
    by: "echo '<?php // mine' >/var/www/html/wp-admin/mine.php",
  },
  {
    ...{ host: "primary/web-1", kind: "file", what: "/var/www/html/wp-admin", found: "mode 0777" },
    by: "chmod 0777 /var/www/html/wp-admin",
  },
];

/** What `provision --check` names. */
export async function check(): Promise<{ exitCode: number; drifts: Named[]; unknown: unknown[] }> {
  const { exitCode, stdout } = await cli(["provision", "--check", "--format", "json"]);
  return { exitCode, ...(JSON.parse(stdout) as { drifts: Named[]; unknown: unknown[] }) };
}
