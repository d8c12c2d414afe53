# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The server by its local socket as postgres. Statements travel by standard input, so no password is ever an argument.
#
# A closed database is one in recovery: `standby.signal` lies in its data directory whenever it starts (prestart), so
# it comes up read-only for everybody, superusers included, whoever starts it. Opening is always a promotion, which
# begins a new timeline; closing is a fast restart into recovery, for which every session ends and every standby has
# received all of the log.
readonly ENGINE=postgresql UNIT=postgresql@17-main.service PORT=5432 SOCKET=/var/run/postgresql
readonly BIN=/usr/lib/postgresql/17/bin CLUSTER=/var/lib/postgresql/17/main
# What evenkeel-db alone writes, read by the server's settings: whom it follows, and whom a commit waits for (W12).
readonly OWN_CONF=/var/lib/evenkeel/postgresql/role.conf

# What nobody may have set against a session of ours with ALTER DATABASE, ALTER ROLE or ALTER SYSTEM: writes turned off,
# waits that end too soon, the rights of another role, a library that is not there. A session's own options go first.
# shellcheck disable=SC1003 # the server's own way to write a space
readonly OWN_SESSION='-c role=none -c default_transaction_read_only=off -c default_transaction_isolation=read\ committed
  -c synchronous_commit=on -c transaction_timeout=0 -c idle_in_transaction_session_timeout=0 -c idle_session_timeout=0
  -c local_preload_libraries= -c client_encoding=UTF8 -c client_min_messages=warning'

# As `tied`; a change of the user would take the bond with the parent away, so it is tied behind that.
as_postgres() {
  setpriv --pdeathsig KILL timeout -k 2 "$(remaining)" setpriv --pdeathsig KILL --reuid postgres --regid postgres --init-groups \
    env PGCONNECT_TIMEOUT=5 "$@"
}

# Nothing of what runs here is logged, not even where it fails: a statement may hold a secret. No name is looked for where
# the application may put its own: in the site's database an administrator would run a function of the application's.
readonly SESSION_START="SET search_path = pg_catalog, pg_temp; SET log_statement = 'none'; SET log_min_error_statement = 'panic'; SET log_min_duration_statement = -1"
client() {
  {
    printf '%s;\n' "$SESSION_START"
    cat
  } | as_postgres env PGOPTIONS="$OWN_SESSION -c statement_timeout=0 -c lock_timeout=0 ${OWN_MORE:-}" psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PORT" -U postgres "$@"
}

# For digest.py: goes on until its input ends, in the site's own database.
digest_client() { client -d "$SCHEMA"; }

# For replay.py, as the application: what it has put behind its tables may run as nobody else. An error is no end.
replay_client() {
  (umask 077 && password_line .users.app >"$SCRATCH/password")
  tied env PGPASSFILE="$SCRATCH/password" PGOPTIONS="$OWN_SESSION -c statement_timeout=0" psql -X -q -A -t -v ON_ERROR_STOP=0 \
    "host=$PLACE_ADDRESS port=$PORT dbname=$SCHEMA user=$APP_USER sslmode=verify-full sslcertmode=disable sslrootcert=/etc/evenkeel/tls/ca.pem connect_timeout=5" 2>/dev/null
}

sql() { if in_session; then ask_session "$1"; else printf '%s\n' "$1" | client -d postgres; fi; }

session_client() {
  exec setpriv --reuid postgres --regid postgres --init-groups setpriv --pdeathsig KILL env PGCONNECT_TIMEOUT=5 \
    PGOPTIONS="$OWN_SESSION -c statement_timeout=0 -c lock_timeout=0" \
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PORT" -U postgres -d postgres
}

# In the site's own database.
sql_site() { printf '%s\n' "$1" | client -d "$SCHEMA"; }

# From standard input; psql quotes a bad statement in its error, so only the state is shown.
sql_secret() {
  local errors status=0
  { errors=$(client -d postgres -v VERBOSITY=sqlstate 2>&1 >&3) || status=$?; } 3>&1
  [ "$status" -eq 0 ] && return 0
  [[ $errors =~ ERROR:\ *([0-9A-Z]{5}) ]] && log "the database refused a statement that holds a secret: state ${BASH_REMATCH[1]}"
  return 1
}

# sql_literal FILTER: a value of the configuration as an SQL string literal, whatever characters it holds.
sql_literal() {
  jq -r "$1"' | "E\u0027" + (split("\\") | join("\\\\") | split("\u0027") | join("\u0027\u0027")) + "\u0027"' "$CONFIG"
}

running() { within 3 sql 'SELECT 1' >/dev/null 2>&1; }

# Before every start. Nothing but a promotion takes the signal away. With a keeper it comes up receiving nothing and waiting
# for nobody, but for one that was just rewound.
start_closed() {
  [ -d "$CLUSTER" ] || return 0
  if keeper_rules && [ -e "$OWN_CONF" ] && ! is_rewound; then forget_source_while_down; fi
  setpriv --reuid postgres --regid postgres --init-groups touch "$CLUSTER/standby.signal"
}

restart_needed() { [ "$(sql 'SELECT COUNT(*) > 0 FROM pg_settings WHERE pending_restart')" = t ]; }

# Two questions, not one and its opposite: of a database that does not answer neither is true.
is_writable() { [ "$(sql 'SELECT pg_is_in_recovery()')" = f ]; }

is_read_only() { [ "$(sql 'SELECT pg_is_in_recovery()')" = t ]; }

# Once it is promoted anybody could write, before the row that begins the epoch.
port_while_opening() { close_port; }

# open_writes EPOCH [REGION]...: everything received is applied before the promotion ends; whom commits wait for is set
# before, and its own commits wait for nobody: their clients are told of nothing. Each other region gets its slot, which
# keeps for it what it has not received yet (up to max_slot_wal_keep_size). Rights go before the row, since the heartbeat
# needs them; where they can't be given, the site is opened all the same and the look tells.
open_writes() {
  local OWN_MORE='-c synchronous_commit=local'
  ! in_session || sql 'SET synchronous_commit = local' >/dev/null
  set_wait "${@:2}" || return 1
  promote_server || return 1
  make_slots
  give_rights || log "the rights of the site's accounts can't be put right: evenkeel-db look"
  sql_site "INSERT INTO evenkeel.heartbeat (id, region, epoch, at) VALUES (1, '$REGION', $1, clock_timestamp())
    ON CONFLICT (id) DO UPDATE SET region = excluded.region, epoch = excluded.epoch, at = excluded.at;
    INSERT INTO evenkeel.openings (timeline, epoch, region) VALUES ($(timeline), $1, '$REGION') ON CONFLICT DO NOTHING"
}

# The row comes behind the promotion.
is_opened_whole() { [ "$(highest_beat)" = "$EPOCH" ]; }

# The signal is put back at once: only a start reads it, and whoever starts the server next, past systemd too, gets it
# closed.
promote_server() {
  is_writable || [ "$(sql "SELECT pg_promote(true, $(whole_seconds))")" = t ] || return 1
  start_closed
  is_writable
}

whole_seconds() {
  local left
  left=$(($(remaining_ms) / 1000))
  printf '%d' "$((left > 0 ? left : 1))"
}

make_read_only() {
  is_read_only && return 0
  restart_closed && is_read_only
}

# A walsender whose standby is gone may hold a stop up; it is given up by its own timeout (wal_sender_timeout).
restart_closed() { launch restart && wait_for running; }

# At once, and nothing more is written: behind a closed port no standby would get the end of an orderly stop (what its
# sessions had under way, and the last checkpoint), and this host could not follow the next writer without a rewind. It stays down: a start may have much to recover.
close_for_fence() {
  stop_replication
  if is_read_only; then end_remote_sessions; else stop_at_once; fi
}

# Also a server that somebody started without its unit; the unit is stopped as well, or systemd would start it again.
stop_at_once() { as_postgres "$BIN/pg_ctl" stop -D "$CLUSTER" -m immediate -w >&2 && stop_server; }

end_remote_sessions() {
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE client_addr IS NOT NULL" >/dev/null
}

# 1: no such process. A pgrep that could not look proves nothing.
database_is_dead() {
  local status=0
  pgrep -u postgres -x postgres >/dev/null || status=$?
  [ "$status" -eq 1 ]
}

# An attempt to write as the application, over TLS from an address of the web networks: true when the server refuses
# it because it is in recovery (25006). The statement can destroy nothing, should it go through.
app_write_refused() {
  local answer file=/run/evenkeel-db-probe.$$
  (umask 077 && password_line .users.app >"$file")
  answer=$(printf 'CREATE TABLE evenkeel_write_probe (id int); DROP TABLE evenkeel_write_probe;\n' |
    tied env PGPASSFILE="$file" PGOPTIONS='-c default_transaction_read_only=off' psql -X -q -v VERBOSITY=sqlstate \
      "host=$PLACE_ADDRESS port=$PORT dbname=$SCHEMA user=$APP_USER sslmode=verify-full sslcertmode=disable sslrootcert=/etc/evenkeel/tls/ca.pem connect_timeout=3" 2>&1) || :
  rm -f "$file"
  [[ $answer == *25006* ]]
}

# password_line FILTER: a line of a password file, in which a backslash escapes a colon and itself.
password_line() { jq -r "$1"' | "*:*:*:\(.name):" + (.password | gsub("(?<sign>[\\\\:])"; "\\\(.sign)"))' "$CONFIG"; }

# What makes a database no empty, un-joined one; nothing when it is.
foreign_content() {
  local names
  names=$(sql "SELECT string_agg(datname, ', ') FROM pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1')")
  [ -z "$names" ] || echo "it holds the databases $names"
  ! is_joined || echo "it is joined to another database"
}

# One row a subject; the heartbeat comes last since its database is missing before birth, and its column in an older one.
server_rows() {
  local history
  history=$(own_history)
  sql "SELECT json_build_object('of', 'server', 'version', current_setting('server_version'), 'writable', NOT pg_is_in_recovery(),
      'position', '$(position)', 'history', '$history',
      'waits', NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '', 'acknowledges', NULL)"
  replica_row
  sql_site "SELECT json_build_object('of', 'heartbeat', 'region', region, 'epoch', epoch,
      'ageSeconds', round(extract(epoch FROM clock_timestamp() - at), 3), 'at', extract(epoch FROM at)) FROM evenkeel.heartbeat WHERE id = 1;
    SELECT json_build_object('of', 'changes', 'changes', changes) FROM evenkeel.heartbeat WHERE id = 1"
}
