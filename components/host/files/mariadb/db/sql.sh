# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The server by its local socket as root. Statements travel by standard input, so no password is ever an argument.
readonly SOCKET=/run/mysqld/mysqld.sock DATADIR=/var/lib/mysql LOGDIR=/var/log/mysql

client() {
  tied mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=root --default-character-set=utf8mb4 \
    --connect-timeout=5 --batch --raw --skip-column-names
}

# Nothing administrative goes into the binary log: a standby that logged events of its own could not follow any more.
sql() { printf 'SET SESSION sql_log_bin=0;\n%s\n' "$1" | client; }

# What shall reach the other regions; only the verb that opens the database uses it.
sql_logged() { printf '%s\n' "$1" | client; }

# sql_secret: as sql, from standard input; the server quotes a bad statement in its error, so only the number is shown.
sql_secret() {
  local errors status=0
  { errors=$({ printf 'SET SESSION sql_log_bin=0;\n' && cat; } | client 2>&1 >&3) || status=$?; } 3>&1
  [ "$status" -eq 0 ] && return 0
  [[ $errors =~ ERROR\ ([0-9]+) ]] && log "the database refused a statement that holds a secret: error ${BASH_REMATCH[1]}"
  return 1
}

running() { within 3 sql 'DO 1' 2>/dev/null; }

# Starts the server when it is down; it comes up read-only.
ensure_running() {
  running && return 0
  timeout "$(remaining)" systemctl start mariadb.service >&2 || fail "mariadb.service does not start: see journalctl -u mariadb"
  wait_for running || fail "mariadb.service has started but does not answer"
}

# Two questions, not one and its opposite: of a database that does not answer neither is true.
is_writable() { [ "$(sql 'SELECT @@global.read_only')" = 0 ]; }

is_read_only() { [ "$(sql 'SELECT @@global.read_only')" = 1 ]; }

# Commits in flight hold the change up, so application sessions are ended until it goes through, and once more after.
make_read_only() {
  until sql 'SET SESSION lock_wait_timeout=1; SET GLOBAL read_only=1' 2>/dev/null; do
    time_left || return 1
    end_sessions || :
  done
  end_sessions && is_read_only
}

end_sessions() { sql "KILL HARD USER '$APP_USER'"; }

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

lift_mask() {
  refuse_while_fencing
  [ "$(systemctl is-enabled mariadb.service 2>/dev/null)" != masked ] || systemctl unmask mariadb.service >&2
}
