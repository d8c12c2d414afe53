# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Who must have received a commit before its client is told of it (writer.md, W5, W12): synchronous_standby_names, in
# the file that evenkeel-db alone writes. The writer decides it alone, and any number of regions may be named. A command
# that is cut short needs no end from its successor: the lock goes with it, the file is whole, and a reload that the
# server does later puts in force what the file says then.
readonly MOST_ACKERS=1000

# set_wait [REGION]...
set_wait() {
  rm -f "$WAITED_FOR"
  SYNC_NAMES=$(standby_names "$@")
  names_are_set || write_conf "$(followed)" || fail "whom commits wait for can't be written"
  within 5 wait_for walsenders_agree "$@" || fail "a walsender has not read whom commits wait for"
  note_waited_for "$@"
}

# Nobody waits before a birth, and a standby has nobody to wait for: its file names none.
forget_wait() { rm -f "$WAITED_FOR"; }

names_are_set() { grep -qxF "synchronous_standby_names = '$SYNC_NAMES'" "$OWN_CONF" && conf_in_force; }

standby_names() {
  local region names=''
  for region in "$@"; do names+="${names:+, }\"$(slot "$region")\""; done
  [ $# -eq 0 ] || printf 'FIRST %d (%s)' "$#" "$names"
}

# Until it has read the file anew a walsender goes on as before, named or not.
walsenders_agree() {
  local region list="''"
  for region in "$@"; do list+=", '$(slot "$region")'"; done
  [ "$(sql "SELECT COUNT(*) FROM pg_stat_replication WHERE (sync_priority > 0) <> (application_name IN ($list))")" = 0 ]
}

set_acks() { refuse "of PostgreSQL the writer alone says whose acknowledgement counts"; }

make_marker() {
  sql_site "INSERT INTO evenkeel.heartbeat (id, region, epoch, at) VALUES (2, '', 0, clock_timestamp()) ON CONFLICT (id) DO NOTHING"
}

# commit_marker REGION: sets MARKER, a position behind it. That commits wait is put in force by another process than the
# senders of the log, and nothing tells when it was: markers are committed until one is seen to wait. Then all do.
commit_marker() {
  [[ $(sql "SELECT current_setting('synchronous_standby_names')") == *"\"$(slot "$1")\""* ]] ||
    refuse "commits do not wait for region '$1'"
  [ "$(sql_site 'SELECT COUNT(*) FROM evenkeel.heartbeat WHERE id = 2')" = 1 ] || make_marker
  end_markers
  marker_client <<<"DO \$\$ BEGIN FOR i IN 1..20000 LOOP $(marker_update); COMMIT; END LOOP; END \$\$;" >/dev/null 2>&1 &
  sql "DO \$\$ BEGIN FOR i IN 1..4000 LOOP
      IF EXISTS (SELECT FROM pg_stat_activity WHERE usename = 'evenkeel-beat' AND query LIKE 'DO %' AND wait_event = 'SyncRep') THEN RETURN; END IF;
      PERFORM pg_stat_clear_snapshot(), pg_sleep(0.0005);
    END LOOP; RAISE EXCEPTION 'none is seen'; END \$\$" 2>/dev/null || {
    end_markers
    refuse "no commit is seen to wait for region '$1'"
  }
  end_markers
  MARKER=$(printf '%s;\n' "$(marker_update)" 'SELECT pg_current_wal_insert_lsn()' | marker_client) || MARKER=''
  [ -n "$MARKER" ] || fail "the marker can't be committed"
}

marker_update() { printf '%s' "UPDATE evenkeel.heartbeat SET region = '$REGION', epoch = $EPOCH, at = clock_timestamp() WHERE id = 2"; }

# Of this verb, or of one that was cut short: they hold the row.
end_markers() {
  sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'evenkeel-beat' AND query LIKE 'DO %'" >/dev/null
  wait_for no_markers || fail "a session that commits markers does not end"
}

no_markers() { [ "$(sql "SELECT COUNT(*) FROM pg_stat_activity WHERE usename = 'evenkeel-beat' AND query LIKE 'DO %'")" = 0 ]; }

# has_marker REGION: it has it on its disk, and is one of those that a commit waits for.
has_marker() { has_received "$1" "$MARKER" "AND sync_state = 'sync'"; }

marker_position() { sql 'SELECT pg_current_wal_flush_lsn()'; }

# has_received REGION LSN [CONDITION]: what a standby that is gone said last is no later than that.
has_received() {
  [ "$(sql "SELECT COALESCE(bool_or(flush_lsn >= '$2'::pg_lsn), false) FROM pg_stat_replication
    WHERE application_name = '$(slot "$1")' AND state = 'streaming' ${3:-}")" = t ]
}

# An error is no answer, and the feed waits for one: the session ends with it, and another one begins.
watch_client() {
  exec "$@" --reuid postgres --regid postgres --init-groups env PGOPTIONS="$OWN_SESSION" PGCONNECT_TIMEOUT=5 \
    psql -X -q -A -t -F $'\t' -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PORT" -U postgres -d postgres
}

# Prepares the feed's question, "watched": 1 where commits wait, else 0; whether it is open; commits that wait, by
# process and beginning; regions that have all that was sent; the source. "-" for none.
watch_statement() {
  local region names='' hosts='' follower=NULL source=NULL statement
  while read -r region; do
    [ -n "$region" ] || continue
    names+=" WHEN '$(slot "$region")' THEN '$region'"
    hosts+=" WHEN '$(peer_address "$region")' THEN '$region'"
  done < <(cfg '.peers[].region')
  # A choice among no regions is no SQL.
  if [ -n "$names" ]; then
    follower="CASE application_name$names END"
    source="CASE WHEN pg_is_in_recovery() THEN CASE substring(current_setting('primary_conninfo') FROM 'host=([^ ]+)')$hosts END END"
  fi
  statement="SELECT (current_setting('synchronous_standby_names') <> '')::int, (NOT pg_is_in_recovery())::text,
    COALESCE((SELECT string_agg(format('%s:%s', pid, (extract(epoch FROM xact_start) * 1000000)::bigint), ',') FROM pg_stat_activity WHERE wait_event = 'SyncRep'), '-'),
    COALESCE((SELECT string_agg(DISTINCT $follower, ',') FROM pg_stat_replication WHERE state = 'streaming'), '-'),
    COALESCE($source, '-')"
  printf 'PREPARE watched AS %s;' "${statement//$'\n'/ }"
}
