# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The server by its local socket as root. Statements travel by standard input, so no password is ever an argument.
readonly ENGINE=mariadb UNIT=mariadb.service PORT=3306 SOCKET=/run/mysqld/mysqld.sock
readonly STARTED_WITH=/run/evenkeel-db-started-with SETTINGS=/etc/mysql/mariadb.conf.d/60-evenkeel.cnf
readonly CLOSED_OPTIONS='--read-only=1 --skip-slave-start'

client() {
  tied mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=root --default-character-set=utf8mb4 \
    --connect-timeout=5 --batch --raw --skip-column-names "$@"
}

# The server's own account for its own system user, which may do what root may: the way in where root is refused.
spare_client() {
  tied setpriv --reuid=mysql --regid=mysql --clear-groups mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=mysql \
    --connect-timeout=5 --batch --raw --skip-column-names
}

# It runs, and says no: to a login that is denied, locked or expired, or to what an administrator may do. One that does
# not answer says nothing.
refuses_administrator() {
  systemctl is-active --quiet "$UNIT" || return 1
  local answer
  ! answer=$(sql 'SELECT COUNT(*) FROM mysql.global_priv' 2>&1) && [[ $answer =~ ERROR\ (1045|1130|1142|1227|1698|1820|1862|4151)\  ]]
}

# Word for word as the package made it, so that these rows are the same in every region (digest.py). Each host does it for
# itself, outside of its history. No restart: it would close the database.
readonly PACKAGED_ROOT='{"access":18446744073709551615,"plugin":"mysql_native_password","authentication_string":"invalid","auth_or":[{},{"plugin":"unix_socket"}]}'
readmit_administrator() {
  printf 'SET SESSION sql_log_bin=0;\n%s\n' "REPLACE INTO mysql.global_priv (Host, User, Priv) VALUES ('localhost', 'root', '$PACKAGED_ROOT');
    INSERT IGNORE INTO mysql.proxies_priv (Host, User, Proxied_host, Proxied_user, With_grant, Grantor, Timestamp)
      SELECT Host, 'root', Proxied_host, Proxied_user, With_grant, Grantor, Timestamp FROM mysql.proxies_priv
      WHERE Host = 'localhost' AND User = 'mysql' AND Proxied_user = '';
    FLUSH LOCAL PRIVILEGES" |
    spare_client 2>/dev/null
}

# For digest.py: goes on until its input ends.
digest_client() { client --unbuffered --init-command='SET SESSION sql_log_bin=0'; }

# For replay.py: what it changes is logged, and an error is no end.
replay_client() { client --unbuffered --force 2>/dev/null; }

# Nothing administrative goes into the binary log: a standby that logged events of its own could not follow any more.
readonly SESSION_START='SET SESSION sql_log_bin=0'
sql() { if in_session; then ask_session "$1"; else printf '%s;\n%s\n' "$SESSION_START" "$1" | client; fi; }

session_client() {
  exec setpriv --pdeathsig KILL mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=root --default-character-set=utf8mb4 \
    --connect-timeout=5 --batch --raw --skip-column-names --unbuffered --skip-reconnect
}

# What shall reach the other regions; only the verb that opens the database uses it.
sql_logged() {
  if in_session; then ask_session "SET SESSION sql_log_bin=1; $1; SET SESSION sql_log_bin=0"; else printf '%s\n' "$1" | client; fi
}

# sql_secret: as sql, from standard input; the server quotes a bad statement in its error, so only the number is shown.
sql_secret() {
  local errors status=0
  { errors=$({ printf 'SET SESSION sql_log_bin=0;\n' && cat; } | client 2>&1 >&3) || status=$?; } 3>&1
  [ "$status" -eq 0 ] && return 0
  [[ $errors =~ ERROR\ ([0-9]+) ]] && log "the database refused a statement that holds a secret: error ${BASH_REMATCH[1]}"
  return 1
}

# sql_literal FILTER: a value of the configuration as an SQL string literal, whatever characters it holds.
sql_literal() {
  jq -r "$1"' | "\u0027" + (split("\\") | join("\\\\") | split("\u0027") | join("\u0027\u0027")) + "\u0027"' "$CONFIG"
}

running() { within 3 sql 'DO 1' 2>/dev/null; }

# Its file has read_only=1, which another file could overrule, so its command line has it too; this is run with the unit's
# own environment. What it reads is kept, so that newer settings show as "restart needed".
start_closed() {
  # shellcheck disable=SC2016 # a dollar of systemd's
  [[ ${MYSQLD_OPTS:-} == *"$CLOSED_OPTIONS" && $(systemctl show -P ExecStart "$UNIT") == *' $MYSQLD_OPTS '* ]] ||
    refuse "$UNIT would not start with $CLOSED_OPTIONS, so another file could open it: see systemctl cat $UNIT"
  put_durably "$STARTED_WITH" <"$SETTINGS"
}

# A server of before the copy was kept has a sum of the file there, and needs a restart for its command line.
restart_needed() {
  systemctl is-active --quiet "$UNIT" && [ -e "$STARTED_WITH" ] || return 1
  ! cmp -s "$SETTINGS" "$STARTED_WITH"
}

# Two questions, not one and its opposite: of a database that does not answer neither is true.
is_writable() { [ "$(sql 'SELECT @@global.read_only')" = 0 ]; }

is_read_only() { [ "$(sql 'SELECT @@global.read_only')" = 1 ]; }

# port_while_opening [REGION]: nothing but the lease keeps the port open from here on. Who reads stays where the writes come
# in the same moment as the row for which the gates wait; where somebody is waited for in between, it is shut.
port_while_opening() { if [ $# -eq 0 ]; then leave_port_to_keeper; else close_port; fi; }

# open_writes EPOCH [REGION]: the first row of the new epoch is of this session. It waits for nobody: it is made while
# nobody else can write, and whom commits wait for is set before anybody can.
open_writes() {
  local still_closed row open='SET GLOBAL read_only=0; SELECT @@global.read_only'
  row="REPLACE INTO evenkeel.heartbeat (id, region, epoch, at) VALUES (1, '$REGION', $1, NOW(6))"
  set_wait || return 1
  if [ $# -eq 1 ]; then
    still_closed=$(sql_logged "$row; $open") || return 1
  else
    sql_logged "$row" || return 1
    set_wait "$2" || return 1
    still_closed=$(sql "$open")
  fi
  [ "$still_closed" = 0 ]
}

# The row goes before the writes.
is_opened_whole() { true; }

# Commits in flight hold the change up, so application sessions are ended until it goes through, and once more after. A
# commit that waits for a replica goes through when its session ends, and so do those that are made together with it:
# where any may wait the port is shut before, so that no client hears of them.
make_read_only() {
  until sql 'SET SESSION lock_wait_timeout=1; SET GLOBAL read_only=1' 2>/dev/null; do
    time_left || return 1
    if keeper_rules; then
      close_port || return 1
      end_waiting_sessions
    fi
    end_sessions || :
  done
  end_sessions && is_read_only
}

end_waiting_sessions() {
  sql "SELECT CONCAT('KILL HARD ', ID, ';') FROM information_schema.PROCESSLIST WHERE STATE = '$WAITS_FOR_ACK'" | tied_force_client
}

close_for_fence() { make_read_only && stop_replication && end_remote_sessions; }

end_sessions() { sql "KILL HARD USER '$APP_USER'"; }

end_remote_sessions() {
  sql "SELECT CONCAT('KILL HARD ', id, ';') FROM information_schema.PROCESSLIST WHERE user NOT IN ('root', 'system user', 'event_scheduler', 'evenkeel-beat')" |
    { printf 'SET SESSION sql_log_bin=0;\n' && cat; } | tied_force_client
}

# A session may be gone before its turn comes.
tied_force_client() { tied mariadb --no-defaults --force --protocol=socket --socket="$SOCKET" --user=root 2>/dev/null || :; }

# 1: no such process. A pgrep that could not look proves nothing.
database_is_dead() {
  local status=0
  pgrep -x mariadbd >/dev/null || status=$?
  [ "$status" -eq 1 ]
}

# An attempt to write as the application, over TLS from an address of the web networks: true when the server refuses
# it because it is read-only. The statement can destroy nothing, should it go through.
app_write_refused() {
  local answer
  # shellcheck disable=SC2016 # backquotes of SQL
  answer=$(printf 'CREATE TABLE `%s`.evenkeel_write_probe (id INT); DROP TABLE `%s`.evenkeel_write_probe;\n' "$SCHEMA" "$SCHEMA" |
    tied mariadb --defaults-file=<(app_options) --batch 2>&1) || :
  [[ $answer == *"ERROR 1290"* ]]
}

# In an option file a backslash escapes, and a bare quote would end the string and let # begin a comment.
app_options() {
  printf '[client]\nprotocol=tcp\nhost=%s\nport=3306\nssl-ca=/etc/evenkeel/tls/ca.pem\nssl-verify-server-cert\n' "$PLACE_ADDRESS"
  printf 'connect-timeout=3\ndefault-character-set=utf8mb4\n'
  jq -r '.users.app | "user=\"\(.name)\"\npassword=\"" + (.password | split("\\") | join("\\\\") | split("\"") | join("\\\"")) + "\""' "$CONFIG"
}

# What makes a database no empty, un-joined one; nothing when it is.
foreign_content() {
  local names
  names=$(sql "SELECT GROUP_CONCAT(schema_name SEPARATOR ', ') FROM information_schema.SCHEMATA
    WHERE schema_name NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys') HAVING COUNT(*) > 0")
  [ -z "$names" ] || echo "it holds the databases $names"
  names=$(sql "SELECT CONCAT_WS(',', NULLIF(@@gtid_binlog_state, ''), NULLIF(@@gtid_slave_pos, ''))")
  [ -z "$names" ] || echo "it has a history ($names)"
  names=$(sql 'SELECT Master_Host FROM information_schema.SLAVE_STATUS')
  [ -z "$names" ] || echo "it is joined to another database"
}

# One row a subject; the heartbeat comes last since its table is missing before birth, and its column in an older one.
server_rows() {
  sql "SELECT JSON_OBJECT('of', 'server', 'version', @@version, 'writable', @@global.read_only = 0, 'position', @@gtid_current_pos,
      'history', CONCAT_WS(',', NULLIF(@@gtid_binlog_state, ''), NULLIF(@@gtid_slave_pos, '')),
      'waits', @@global.rpl_semi_sync_master_enabled = 1, 'acknowledges', (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
        WHERE VARIABLE_NAME = 'RPL_SEMI_SYNC_SLAVE_STATUS') = 'ON');
    SELECT JSON_OBJECT('of', 'replica', 'address', Master_Host, 'received', Gtid_IO_Pos, 'receiving', Slave_IO_Running = 'Yes', 'applying', Slave_SQL_Running = 'Yes',
      'error', NULLIF(CONCAT_WS('; ', NULLIF(Last_IO_Error, ''), NULLIF(Last_SQL_Error, '')), ''),
      'tls', Master_SSL_Allowed = 'Yes' AND Master_SSL_Verify_Server_Cert = 'Yes') FROM information_schema.SLAVE_STATUS LIMIT 1;
    SELECT JSON_OBJECT('of', 'heartbeat', 'region', region, 'epoch', epoch,
      'ageSeconds', ROUND(TIMESTAMPDIFF(MICROSECOND, at, NOW(6)) / 1000000, 3), 'at', UNIX_TIMESTAMP(at)) FROM evenkeel.heartbeat WHERE id = 1;
    SELECT JSON_OBJECT('of', 'changes', 'changes', changes) FROM evenkeel.heartbeat WHERE id = 1"
}
