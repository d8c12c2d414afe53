import { type EngineWords, strangePassword } from "./engine-words.ts";

export const mariadb: EngineWords = {
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
    rpl_semi_sync_master_enabled: "1",
    rpl_semi_sync_master_timeout: "18446744073709551615",
    rpl_semi_sync_master_wait_no_slave: "1",
    rpl_semi_sync_master_wait_point: "AFTER_SYNC",
    rpl_semi_sync_slave_enabled: "0",
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
