import { expect } from "@jest/globals";
import type { DatabaseSettings, Engine } from "../../../components/host/database-settings.ts";

/** What the one suite of database tests says in each engine's own words. SQL runs as the administrator. */
export interface EngineWords {
  unit: string;
  port: number;
  /** Shell: the numbers of the server's processes; fails where there is none. */
  processes: string;
  /** Shell: one statement in the site's database. */
  shell: (statement: string) => string;
  /** The server's settings by the file, as `setting` gives them. */
  settings: (of: DatabaseSettings) => Record<string, string>;
  setting: (name: string) => string;
  /** A setting whose change needs a restart. */
  restartSetting: { path: string; name: string; from: string; to: string };
  /** What a client is told: a write while closed, a closed port, a login or a right that it has not. */
  refused: { write: RegExp; connection: RegExp; login: RegExp };
  emptyHistory: unknown;
  /** How often a host has written by itself, by its history: MariaDB's events of its id, PostgreSQL's openings. */
  ownWrites: (history: string, of: DatabaseSettings) => number;
  notes: { make: string; add: (text: string) => string; all: string };
  /** What the application may not do. */
  forbidden: readonly string[];
  /** The replication account's own question. */
  replicationQuestion: string;
  /** Shell, given the source's address. */
  stopReceiving: (peer: string) => string;
  startReceiving: string;
  stopApplying: string;
  startApplying: string;
  beatAhead: (seconds: number) => string;
  /** Holds the notes on a standby, so that `addHeld` can't be applied there. */
  holdNotes: string;
  /** How many sessions hold them so. */
  heldBy: string;
  addHeld: (text: string) => string;
  /** 1 where something was received that is not applied. */
  isBehind: string;
  sleep: (seconds: number) => string;
  /** How many sessions sleep so. */
  sleepers: (seconds: number) => string;
  beatSessions: string;
  /** Holds up every write for some seconds. */
  stallWrites: (seconds: number) => string;
  /** 1 where the database is closed. */
  closed: string;
  /** Opens the closed database by hand, past evenkeel-db. */
  openByHand: string;
  /** What is done by hand to a database that writes, a setting first, and as what the look has to name it. */
  drifts: readonly { by: string; kind: "variable" | "account" | "grant"; what: string }[];
  /** How many accounts of somebody else's are there, and can't log in. */
  strays: string;
  /** Shell: leaves the source, with all that is known of it. */
  leave: string;
  /** Shell: some tens of megabytes more. */
  grow: string;
  /** Shell: ends the server's unit, and starts the server without it; and ends that one. */
  startedByHand: string;
  stoppedByHand: string;
  /** Shell: a file of the copy that a seed is streaming. */
  firstCopied: string;
  /** Shell: the data directory as the role made it first, and the server started on it. */
  begunAnew: string;
}

/** What an account is given by hand. */
export const strangePassword = "nobody is to read this";

const mariadb: EngineWords = {
  unit: "mariadb.service",
  port: 3306,
  processes: "pidof mariadbd",
  shell: (statement) => `mariadb wordpress_db -e '${statement}'`,
  settings: ({ serverId }) => ({
    server_id: String(serverId),
    auto_increment_offset: String(serverId),
    auto_increment_increment: "2",
    log_bin_basename: "/var/log/mysql/mysql-bin",
    relay_log: "/var/log/mysql/mysql-relay-bin.log",
    binlog_format: "ROW",
    log_slave_updates: "1",
    gtid_strict_mode: "1",
    sync_binlog: "1",
    innodb_flush_log_at_trx_commit: "1",
    binlog_expire_logs_seconds: "604800",
    read_only: "1",
    skip_name_resolve: "1",
    require_secure_transport: "1",
    character_set_server: "utf8mb4",
  }),
  setting: (name) => `SELECT @@global.${name}`,
  restartSetting: {
    path: "/etc/mysql/mariadb.conf.d/60-evenkeel.cnf",
    name: "auto_increment_increment",
    from: "2",
    to: "3",
  },
  refused: { write: /ERROR 1290/, connection: /ERROR 2002/, login: /denied/ },
  emptyHistory: "",
  ownWrites: (history, { serverId }) =>
    Math.max(
      0,
      ...history
        .split(",")
        .map((gtid) => gtid.split("-"))
        .filter(([, server]) => server === String(serverId))
        .map(([, , sequence]) => Number(sequence)),
    ),
  notes: {
    make: "CREATE TABLE IF NOT EXISTS wordpress_db.notes (id INT AUTO_INCREMENT PRIMARY KEY, note TEXT)",
    add: (text) => `INSERT INTO wordpress_db.notes (note) VALUES ('${text}')`,
    all: "SELECT id, note FROM wordpress_db.notes ORDER BY id",
  },
  forbidden: [
    "SELECT * FROM mysql.global_priv",
    "UPDATE evenkeel.heartbeat SET epoch = 9",
    "CREATE DATABASE wordpressXdb",
  ],
  replicationQuestion: "SELECT 1",
  stopReceiving: () => "mariadb -e 'STOP SLAVE IO_THREAD'",
  startReceiving: "mariadb -e 'START SLAVE IO_THREAD'",
  stopApplying: "STOP SLAVE SQL_THREAD",
  startApplying: "START SLAVE SQL_THREAD",
  beatAhead: (seconds) => `UPDATE evenkeel.heartbeat SET at = NOW(6) + INTERVAL ${seconds} SECOND`,
  holdNotes: "mariadb -e 'LOCK TABLES wordpress_db.notes READ; SELECT SLEEP(60)'",
  heldBy: "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP(60)%'",
  addHeld: (text) => `INSERT INTO wordpress_db.notes (note) VALUES ('${text}')`,
  isBehind: "SELECT Gtid_IO_Pos <> @@gtid_slave_pos FROM information_schema.SLAVE_STATUS",
  sleep: (seconds) => `SELECT SLEEP(${seconds})`,
  sleepers: (seconds) =>
    `SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE info LIKE 'SELECT SLEEP(${seconds})%'`,
  beatSessions: "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE user = 'evenkeel-beat'",
  stallWrites: (seconds) => `mariadb -e 'FLUSH TABLES WITH READ LOCK; DO SLEEP(${seconds})'`,
  closed: "SELECT @@global.read_only",
  openByHand: "mariadb -e 'SET GLOBAL read_only=0'",
  drifts: [
    { by: "mariadb -e 'SET GLOBAL sync_binlog=0'", kind: "variable", what: "sync_binlog" },
    { by: "mariadb -e 'CREATE USER stray@localhost'", kind: "account", what: "stray@localhost" },
    {
      by: `mariadb -e 'GRANT INSERT ON evenkeel.heartbeat TO "evenkeel-beat"@localhost'`,
      kind: "grant",
      what: "evenkeel-beat@localhost",
    },
    {
      by: `mariadb -e 'REVOKE SELECT ON evenkeel.heartbeat FROM "evenkeel_health"@"10.213.0.0/255.255.255.0"'`,
      kind: "grant",
      what: "evenkeel_health@10.213.0.0/255.255.255.0",
    },
    {
      by: `mariadb -e 'ALTER USER "wp_user"@"10.213.0.0/255.255.255.0" IDENTIFIED BY "${strangePassword}" REQUIRE SSL'`,
      kind: "account",
      what: "wp_user@10.213.0.0/255.255.255.0",
    },
    {
      by: `mariadb -e 'ALTER USER "evenkeel_health"@"10.213.0.0/255.255.255.0" IDENTIFIED VIA unix_socket REQUIRE SSL'`,
      kind: "account",
      what: "evenkeel_health@10.213.0.0/255.255.255.0",
    },
  ],
  strays:
    "SELECT COUNT(*) FROM mysql.global_priv WHERE user = 'stray' AND JSON_VALUE(priv, '$.account_locked')",
  leave: "mariadb -e 'STOP SLAVE; RESET SLAVE ALL'",
  grow: `mariadb wordpress_db -e "CREATE TABLE big (id INT PRIMARY KEY, text CHAR(200)); INSERT INTO big SELECT seq, RPAD('', 200, MD5(RAND(seq))) FROM seq_1_to_100000"`,
  startedByHand: `systemctl stop mariadb
runuser -u mysql -- mariadbd >/dev/null 2>&1 </dev/null &
until mariadb -e 'DO 1' 2>/dev/null; do sleep 0.1; done`,
  stoppedByHand: "mariadb-admin shutdown; while pidof mariadbd; do sleep 0.1; done",
  firstCopied: "/var/lib/mysql-evenkeel-seed/ibdata1",
  begunAnew: `systemctl stop mariadb
find /var/lib/mysql /var/log/mysql -mindepth 1 -delete
mariadb-install-db --user=mysql --disable-log-bin --skip-test-db >/dev/null
systemctl start mariadb`,
};

const psql = "runuser -u postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1 -d wordpress_db";
const postgresFile = "/etc/evenkeel/postgresql.conf";

const postgresql: EngineWords = {
  unit: "postgresql@17-main.service",
  port: 5432,
  processes: "pgrep -u postgres -x postgres",
  shell: (statement) => `${psql} -c "${statement}"`,
  settings: () => ({
    wal_level: "replica",
    max_wal_senders: "5",
    wal_keep_size: "1GB",
    hot_standby: "on",
    wal_log_hints: "on",
    max_slot_wal_keep_size: "8GB",
    synchronous_standby_names: "",
    synchronous_commit: "on",
    fsync: "on",
    full_page_writes: "on",
    data_checksums: "on",
    ssl: "on",
    password_encryption: "scram-sha-256",
    hba_file: "/etc/evenkeel/pg_hba.conf",
    server_encoding: "UTF8",
    log_statement: "none",
    transaction_read_only: "on",
  }),
  setting: (name) => `SELECT current_setting('${name}')`,
  restartSetting: { path: postgresFile, name: "max_connections", from: "256", to: "260" },
  refused: {
    write: /read-only transaction/,
    connection: /Connection refused|reset by peer/,
    login: /permission denied|no pg_hba\.conf entry|authentication failed|must be/,
  },
  emptyHistory: expect.stringMatching(/"timelines":\[\],"timeline":1,.*"openings":\[\]/),
  ownWrites: (history, { region }) =>
    (JSON.parse(history) as { openings: string[] }).openings.filter((opening) =>
      opening.endsWith(` ${region}`),
    ).length,
  notes: {
    make: "CREATE TABLE IF NOT EXISTS notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text)",
    add: (text) => `INSERT INTO notes (note) VALUES ('${text}')`,
    all: "SELECT id, note FROM notes ORDER BY id",
  },
  forbidden: [
    "SELECT * FROM pg_authid",
    "UPDATE evenkeel.heartbeat SET epoch = 9",
    "CREATE DATABASE wordpressXdb",
    "COPY notes TO PROGRAM 'id'",
  ],
  replicationQuestion: "IDENTIFY_SYSTEM",
  // As a network that lets nothing through to the source: a receiver that ends begins again by itself.
  stopReceiving: (peer) =>
    `nft add element inet evenkeel_db silenced "{ ${peer} }"; ${psql} -c "SELECT pg_terminate_backend(pid) FROM pg_stat_wal_receiver"`,
  startReceiving: "nft flush set inet evenkeel_db silenced",
  stopApplying: "SELECT pg_wal_replay_pause()",
  startApplying: "SELECT pg_wal_replay_resume()",
  beatAhead: (seconds) =>
    `UPDATE evenkeel.heartbeat SET at = clock_timestamp() + interval '${seconds} seconds'`,
  holdNotes: `${psql} -c "BEGIN; SELECT COUNT(*) FROM notes; SELECT pg_sleep(60)"`,
  heldBy:
    "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE '%pg_sleep(60)%'",
  addHeld: (text) =>
    `BEGIN; LOCK TABLE notes IN ACCESS EXCLUSIVE MODE; INSERT INTO notes (note) VALUES ('${text}'); COMMIT`,
  isBehind: "SELECT (pg_last_wal_receive_lsn() <> pg_last_wal_replay_lsn())::int",
  sleep: (seconds) => `SELECT pg_sleep(${seconds})`,
  sleepers: (seconds) =>
    `SELECT COUNT(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep(${seconds})%'`,
  beatSessions: "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'evenkeel-beat'",
  stallWrites: (seconds) =>
    `${psql} -c "BEGIN; LOCK TABLE evenkeel.heartbeat IN EXCLUSIVE MODE; SELECT pg_sleep(${seconds})"`,
  closed: "SELECT pg_is_in_recovery()::int",
  openByHand: `${psql} -c "SELECT pg_promote()"`,
  drifts: [
    {
      by: `${psql} -c "ALTER SYSTEM SET wal_keep_size = '64MB'" -c "SELECT pg_reload_conf()"; sleep 0.5`,
      kind: "variable",
      what: "wal_keep_size",
    },
    { by: `${psql} -c "CREATE ROLE stray LOGIN SUPERUSER"`, kind: "account", what: "stray" },
    { by: `${psql} -c "ALTER ROLE wp_user CREATEDB"`, kind: "grant", what: "wp_user" },
    {
      by: `${psql} -c "GRANT INSERT ON evenkeel.heartbeat TO evenkeel_health; REVOKE UPDATE ON evenkeel.heartbeat FROM \\"evenkeel-beat\\""`,
      kind: "grant",
      what: "evenkeel",
    },
    { by: `${psql} -c "ALTER ROLE wp_user PASSWORD '${strangePassword}'"`, kind: "account", what: "wp_user" },
    { by: `${psql} -c "ALTER ROLE evenkeel_repl PASSWORD NULL"`, kind: "account", what: "evenkeel_repl" },
  ],
  strays: "SELECT COUNT(*) FROM pg_roles WHERE rolname = 'stray' AND NOT rolcanlogin",
  leave: `printf '# Written by evenkeel-db alone.\\n# follows: nobody\\n' >/var/lib/evenkeel/postgresql/role.conf
${psql} -c "SELECT pg_reload_conf()"`,
  grow: `${psql} -c "CREATE TABLE big AS SELECT n AS id, repeat(md5(random()::text), 6) AS text FROM generate_series(1, 100000) n"`,
  startedByHand: `systemctl stop postgresql@17-main
runuser -u postgres -- /usr/lib/postgresql/17/bin/pg_ctl start -w -D /var/lib/postgresql/17/main -o '-c config_file=/etc/postgresql/17/main/postgresql.conf' >/dev/null 2>&1 </dev/null`,
  stoppedByHand:
    "runuser -u postgres -- /usr/lib/postgresql/17/bin/pg_ctl stop -w -m fast -D /var/lib/postgresql/17/main >/dev/null",
  firstCopied: "/var/lib/postgresql/evenkeel-seed/backup_label",
  begunAnew: `systemctl stop postgresql@17-main
find /var/lib/postgresql/17/main -mindepth 1 -delete
printf '# Written by evenkeel-db alone.\\n# follows: nobody\\n' >/var/lib/evenkeel/postgresql/role.conf
runuser -u postgres -- /usr/lib/postgresql/17/bin/initdb -D /var/lib/postgresql/17/main --data-checksums --encoding=UTF8 --locale=C.UTF-8 --set max_wal_senders=5 >/dev/null
systemctl start postgresql@17-main`,
};

export const engineWords: Readonly<Record<Engine, EngineWords>> = { mariadb, postgresql };
