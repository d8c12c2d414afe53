# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The replica side: joining, watching and leaving a source. Whom this host follows stands in $OWN_CONF, which a reload
# puts in force.

# slot REGION: names of slots know no dash.
slot() { printf '%s' "${1//-/_}"; }

make_slots() {
  local region
  while read -r region; do
    [ -n "$region" ] || continue
    sql "SELECT pg_create_physical_replication_slot('$(slot "$region")', true)
      WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$(slot "$region")')" >/dev/null
  done < <(cfg '.peers[].region')
}

# A host that follows keeps nothing for others: a slot that nobody reads would fill its disk.
drop_slots() { sql 'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active' >/dev/null; }

# write_conf REGION [LINE]...: the whole file, with the region that is followed, if any, and whom commits wait for
# (set_wait).
SYNC_NAMES=
write_conf() {
  local region=$1
  shift
  printf '%s\n' '# Written by evenkeel-db alone.' "# follows: ${region:-nobody}" "synchronous_standby_names = '$SYNC_NAMES'" "$@" | put_durably "$OWN_CONF" || return 1
  # A reload that the server has not acted on yet is no reload: the row is asked until it says so.
  if running; then
    sql 'SELECT pg_reload_conf()' >/dev/null
    wait_for conf_in_force || fail "the database does not take $OWN_CONF"
  fi
}

conf_in_force() {
  [ "$(sql "SELECT current_setting('primary_conninfo') || ' ' || current_setting('synchronous_standby_names')")" = "$(said primary_conninfo) $(said synchronous_standby_names)" ]
}

# said NAME: what the file says of it.
said() { sed -n "s/^$1 = '\(.*\)'$/\1/p" "$OWN_CONF"; }

# Nothing where nobody is followed.
followed() { sed -n '/^# follows: nobody$/d; s/^# follows: //p' "$OWN_CONF"; }

is_joined() { [ -n "$(followed)" ]; }

readonly PASSFILE=/var/lib/evenkeel/postgresql/passfile
write_passfile() {
  (umask 077 && password_line .users.replication >"$PASSFILE.new")
  chown postgres:postgres "$PASSFILE.new"
  mv -f "$PASSFILE.new" "$PASSFILE"
}

# join_source REGION: TLS with the certificate checked, or nothing.
join_source() {
  local host
  host=$(peer_address "$1") || return 1
  write_passfile
  write_conf "$1" "primary_conninfo = 'host=$host port=$PORT user=$(cfg .users.replication.name) passfile=$PASSFILE sslmode=verify-full sslcertmode=disable sslrootcert=/etc/evenkeel/tls/ca.pem application_name=$(slot "$REGION") connect_timeout=4'" \
    "primary_slot_name = '$(slot "$REGION")'"
}

# Whom it follows is written, and nothing is received yet.
aim_at_source() { peer_address "$1" >/dev/null && write_conf "$1"; }

leave_source() { write_conf ''; }

source_address() { peer_address "$(followed)"; }

is_source_checked() { grep -q '^primary_conninfo = .* sslmode=verify-full ' "$OWN_CONF"; }

receiver_status() { sql "SELECT COALESCE((SELECT status FROM pg_stat_wal_receiver), 'none')"; }

is_replicating() { [ "$(receiver_status)" = streaming ] && is_applying; }

is_applying() { [ "$(sql "SELECT pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'not paused'")" = t ]; }

# Only an answer that says so: of a database that can't be asked nothing is known.
receives_nothing() {
  local status
  status=$(receiver_status) && [ "$status" = none ]
}

start_replica() {
  receive_again
  wait_for is_replicating && return 0
  fail "replication does not run: $(last_complaint)"
}

# What the server last said about the source, without its time and number.
last_complaint() {
  local line
  line=$(journal | grep -E 'FATAL|ERROR' | grep -vE 'terminating|role "postgres"' | tail -n 1) || line="it said nothing about it"
  printf '%s' "${line#*: }"
}

journal() { tail -n 60 /var/log/postgresql/postgresql-17-main.log; }

stop_receiver() {
  write_conf "$(followed)"
  wait_for receives_nothing || fail "the receiver does not end"
}

# So that a standby that is started receives nothing.
forget_source_while_down() { write_conf "$(followed)"; }

stop_replication() { ! is_joined || stop_receiver; }

receive_again() {
  forget_wait
  join_source "$(followed)"
  drop_slots
}

# The receiver has stopped, nothing holds the applier up, and what was received is applied but for a record that is not
# whole: such a one was acknowledged to nobody.
applied_everything() {
  receives_nothing && is_applying || return 1
  local positions received applied
  positions=$(sql 'SELECT COALESCE(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), pg_last_wal_replay_lsn()') || return 1
  IFS='|' read -r received applied <<<"$positions"
  [ "$received" = "$applied" ] || holds_no_record "$applied"
}

# pg_waldump ends with 1 where no whole record begins. Given up at the deadline it has looked at nothing, and proves nothing.
holds_no_record() {
  local line status=0
  line=$(timeline) && [ -n "$line" ] || return 1
  as_postgres "$BIN/pg_waldump" --path="$CLUSTER/pg_wal" --timeline="$line" --start="$1" --limit=1 --quiet >/dev/null 2>&1 || status=$?
  [ "$status" -eq 1 ]
}

# For the operator, behind "the applier is stopped" and the like.
applied_and_received() {
  sql "SELECT format('at %s, received %s', pg_last_wal_replay_lsn(), COALESCE(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()))"
}

# Why a standby that receives does not apply: somebody paused it, or the writer was given more than it has.
why_paused() {
  local line
  line=$(journal | sed -n 's/.*DETAIL:  \(.* lower setting than on the primary.*\)/\1/p' | tail -n 1)
  printf 'applying is paused%s' "${line:+: $line}"
}

replica_row() {
  is_joined || return 0
  local error=''
  if [ "$(receiver_status)" != streaming ]; then
    error=$(last_complaint)
  elif ! is_applying; then
    error=$(why_paused)
  fi
  jq -cn --arg address "$(source_address)" --argjson receiving "$([ "$(receiver_status)" = streaming ] && echo true || echo false)" \
    --argjson applying "$(is_applying && echo true || echo false)" --argjson tls "$(is_source_checked && echo true || echo false)" --arg error "$error" \
    '{of: "replica", $address, $receiving, $applying, $tls, error: (if $error == "" then null else $error end)}'
}
