import { expect } from "@jest/globals";
import { type EngineWords, strangePassword } from "./engine-words.ts";

const psql = "runuser -u postgres -- psql -X -q -A -t -v ON_ERROR_STOP=1 -d wordpress_db";
const postgresFile = "/etc/evenkeel/postgresql.conf";

export const postgresql: EngineWords = {
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
    "ALTER DATABASE wordpress_db SET default_transaction_read_only = on",
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
