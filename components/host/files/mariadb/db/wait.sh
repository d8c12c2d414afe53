# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Who must have received a commit before its client is told of it (writer.md, W5, W11): semi-synchronous replication.
# The server waits for one acknowledgement and can't say of whom it is, so exactly one region gives any; whether one
# does is its own setting, for which the writer asks it.
readonly MOST_ACKERS=1 WAIT_LOCK=evenkeel-wait
readonly WAITS_FOR_ACK='Waiting for semi-sync ACK from slave' ALL_SENT='Master has sent all binlog to slave%'

# set_wait [REGION]: all others are proved silent before one is let in, and that one acknowledges before commits wait. A
# commit that waits already when its receiver begins to acknowledge was sent before: nobody would ever acknowledge it,
# and behind two such commits the server writes no third (Repl_semi_sync_master::update_sync_header in MariaDB's
# sql/semisync_master.cc asks of a connection only for what it sends itself).
set_wait() {
  rm -f "$WAITED_FOR"
  if [ $# -eq 0 ]; then
    change_wait OFF
    keep_out
  else
    silence_other_ackers "$1"
    # It may be away: commits wait until it is there, or until its keeper's writer takes it out of the sync set.
    if ! ask_acks "$1" on; then
      log "region '$1' can't be asked to acknowledge: commits wait until it does"
    elif ! within 2 wait_for has_acker; then
      log "region '$1' is asked to acknowledge and is not there yet: commits wait until it is"
    fi
    change_wait ON
  fi
  note_waited_for "$@"
}

# Whether the wait is on or not, a receiver that acknowledges is counted from its first request on.
has_acker() {
  [ "$(sql "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'RPL_SEMI_SYNC_MASTER_CLIENTS'")" -gt 0 ]
}

# Nobody waits, where nobody is told of a commit either: before a birth, and of a standby, whose applier would wait as
# well.
forget_wait() {
  rm -f "$WAITED_FOR"
  change_wait OFF
}

silence_other_ackers() {
  local region out=()
  while read -r region; do
    if [ -n "$region" ] && [ "$region" != "$1" ] && ! ask_acks "$region" off; then
      log "region '$region' can't be asked to acknowledge nothing: it is kept out until it can"
      out+=("$(peer_address "$region")")
    fi
  done < <(cfg '.peers[].region')
  keep_out "${out[@]}"
  [ "${#out[@]}" -eq 0 ] || end_dumps "${out[@]}" || fail "a region that is kept out still receives"
}

# end_dumps ADDRESS...: nothing more is taken from their connections, not even what they have sent already.
end_dumps() {
  local list
  list=$(printf "'%s'," "$@")
  DUMPS="FROM information_schema.PROCESSLIST WHERE COMMAND LIKE 'Binlog Dump%' AND SUBSTRING_INDEX(HOST, ':', 1) IN (${list%,})"
  sql "SELECT CONCAT('KILL HARD ', ID, ';') $DUMPS" | tied_force_client
  wait_for no_dumps
}

no_dumps() { [ "$(sql "SELECT COUNT(*) $DUMPS")" = 0 ]; }

# change_wait ON|OFF: by a session that holds the server's lock for it first and says what it wants then. A program that
# is killed leaves its session behind, and the server may do later what that was told last: who comes next ends it.
change_wait() {
  local words
  end_wait_changer
  words="DELIMITER //
    BEGIN NOT ATOMIC IF GET_LOCK('$WAIT_LOCK', 5) <> 1 THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'another session changes the wait'; END IF; END//
    DELIMITER ;
    SET GLOBAL rpl_semi_sync_master_timeout=18446744073709551615, GLOBAL rpl_semi_sync_master_wait_no_slave=ON,
      GLOBAL rpl_semi_sync_master_wait_point='AFTER_SYNC', GLOBAL rpl_semi_sync_master_enabled=$1;
    DO RELEASE_LOCK('$WAIT_LOCK')"
  sql "$words" || fail "whom commits wait for can't be set"
}

end_wait_changer() {
  nobody_changes_wait && return 0
  sql "KILL HARD $(sql "SELECT COALESCE(IS_USED_LOCK('$WAIT_LOCK'), 0)")" 2>/dev/null || :
  wait_for nobody_changes_wait || fail "a session that changes whom commits wait for does not end"
}

nobody_changes_wait() { [ "$(sql "SELECT COALESCE(IS_USED_LOCK('$WAIT_LOCK'), 0)")" = 0 ]; }

# set_acks on|off: a receiver takes its setting when it begins. A receiver that is not on begins with it.
set_acks() {
  local state receiver
  state=$(sql "SELECT CONCAT(@@global.rpl_semi_sync_slave_enabled, (SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS
    WHERE VARIABLE_NAME = 'RPL_SEMI_SYNC_SLAVE_STATUS'))")
  receiver=$(replica .io)
  case "$1 $state $receiver" in
    "on 1ON "* | "on 1OFF Connecting" | "off 0OFF "*) return 0 ;;
  esac
  case "$receiver" in
    '' | No) sql "SET GLOBAL rpl_semi_sync_slave_enabled=$1" ;;
    *) sql "STOP SLAVE IO_THREAD; SET GLOBAL rpl_semi_sync_slave_enabled=$1; START SLAVE IO_THREAD" ;;
  esac
}

# The heartbeat's account writes the marker's row, so that a closed database stops it too.
readonly MARKER_ROW="id, region, epoch) VALUES (2, '', 0)"

make_marker() { sql_logged "INSERT IGNORE INTO evenkeel.heartbeat ($MARKER_ROW"; }

# clients, commits that did not wait, ON or OFF, commits that did
readonly WAIT_STATE="SELECT GROUP_CONCAT(VARIABLE_VALUE ORDER BY VARIABLE_NAME SEPARATOR ' ') FROM information_schema.GLOBAL_STATUS
  WHERE VARIABLE_NAME IN ('RPL_SEMI_SYNC_MASTER_CLIENTS', 'RPL_SEMI_SYNC_MASTER_NO_TX', 'RPL_SEMI_SYNC_MASTER_STATUS', 'RPL_SEMI_SYNC_MASTER_YES_TX')"

# commit_marker REGION: sets MARKER, its GTID. The wait may be off whatever was set, or somebody else's answer.
commit_marker() {
  local answer before alone waited rows after clients still_alone still_waited
  [ "$(sql 'SELECT COUNT(*) FROM evenkeel.heartbeat WHERE id = 2')" = 1 ] || make_marker
  answer=$(printf '%s;\n' "$WAIT_STATE" \
    "UPDATE evenkeel.heartbeat SET region = '$REGION', epoch = $EPOCH, at = NOW(6) WHERE id = 2" \
    "SELECT ROW_COUNT(), @@last_gtid" "$WAIT_STATE" | marker_client) || fail "the marker can't be committed"
  { read -r _ alone before waited && read -r rows MARKER && read -r clients still_alone after still_waited; } \
    <<<"$answer"
  [ "$rows" = 1 ] || fail "the marker's row is missing"
  if [ "$before$after" != ONON ] || [ "$alone" != "$still_alone" ] || ! [ "$still_waited" -gt "$waited" ]; then
    refuse "commits do not wait for any region"
  fi
  [ "$clients" = 1 ] || refuse "$clients regions acknowledge commits, and it can't be said which of them did"
}

# has_marker REGION
has_marker() { has_received "$1" "$MARKER" .acknowledges; }

marker_position() { position; }

# has_received REGION GTIDS [FILTER]: by its own answer, which is one that the filter takes.
has_received() {
  local status received
  status=$(ask_peer "$1" 3) || return 1
  received=$(jq -er --arg region "$REGION" "select(.replication.source == \$region and .replication.receiving and ${3:-true}).received" \
    <<<"$status") || return 1
  [ -z "$(gtids_beyond "$2" "$received")" ]
}

watch_client() {
  exec "$@" mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=root --batch --raw --skip-column-names --unbuffered \
    --skip-reconnect --connect-timeout=5
}

# Prepares the feed's question, "watched": 1 where commits wait, else 0; whether it is open; commits that wait, by
# session and statement (of those that are made together one waits for all); regions that have all that was sent; the
# source. "-" for none.
watch_statement() {
  local host=Master_Host peer="SUBSTRING_INDEX(HOST, ':', 1)" regions statement
  regions=$(jq -r '[.peers[] | "WHEN \u0027\(.address)\u0027 THEN \u0027\(.region)\u0027"] | join(" ")' "$CONFIG")
  # A choice among no regions is no SQL.
  if [ -n "$regions" ]; then host="CASE $host $regions END" peer="CASE $peer $regions END"; else host=NULL peer=NULL; fi
  # Settings stand outside of the aggregation: inside, the server (11.8) gives another value than it has.
  statement="SELECT @@global.rpl_semi_sync_master_enabled, IF(@@global.read_only = 0, 'true', 'false'), COALESCE(waiting, '-'), COALESCE(followers, '-'),
    COALESCE((SELECT $host FROM information_schema.SLAVE_STATUS WHERE Slave_IO_Running <> 'No' LIMIT 1), '-')
    FROM (SELECT GROUP_CONCAT(IF(STATE = '$WAITS_FOR_ACK', CONCAT(ID, ':', QUERY_ID), NULL)) AS waiting,
      GROUP_CONCAT(DISTINCT IF(COMMAND LIKE 'Binlog Dump%' AND STATE LIKE '$ALL_SENT', $peer, NULL)) AS followers
      FROM information_schema.PROCESSLIST) AS sessions"
  printf 'PREPARE watched FROM %s;' "$(quoted "${statement//$'\n'/ }")"
}
