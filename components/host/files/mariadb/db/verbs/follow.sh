# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Joins this host to the writer as its standby, if its own history is contained in the writer's (writer.md, W9).
verb_follow() {
  take_lock
  read_role
  refuse_while_fencing
  forget_seeding
  [ "$ROLE" != unseeded ] || refuse "this host is unseeded: run evenkeel-db seed"
  ABSENT=()
  ask_peers
  local writer problems
  writer=$(chosen_writer)
  [ -n "$writer" ] || refuse "no region that answers${ASKED_REGION:+ as $ASKED_REGION} is the writer"
  lift_mask
  ensure_running
  if follows_already "$writer"; then
    answer_follow false "$writer"
    return
  fi
  problems=$(follow_problems "$writer")
  [ -z "$problems" ] || refuse "$problems"
  join "$writer"
  answer_follow true "$writer"
}

chosen_writer() {
  [ -z "$ASKED_REGION" ] || PEERS=$(jq -c --arg region "$ASKED_REGION" 'map(select(.region == $region))' <<<"$PEERS")
  writer_among_peers
}

follows_already() {
  local host
  host=$(jq -er --arg region "$(jq -r .region <<<"$1")" '.peers[] | select(.region == $region) | .address' "$CONFIG") || return 1
  [ "$ROLE" = standby ] && [ "$EPOCH" = "$(jq -r .status.epoch <<<"$1")" ] && [ -n "$(replica_state)" ] &&
    both_threads_run && [ "$(replica .host)" = "$host" ] && [ "$(replica '.tls == 1 or .tls == true')" = true ]
}

follow_problems() {
  local epoch missing own now
  epoch=$(jq -r .status.epoch <<<"$1")
  if [ "$ROLE" = active ]; then
    is_read_only || echo "this host is the active one and not read-only: demote or fence it first"
    [ "$epoch" -gt "$EPOCH" ] || echo "this host was active at epoch $EPOCH and the other region's epoch is $epoch"
  fi
  [ "$epoch" -ge "$EPOCH" ] || echo "the other region's epoch $epoch is older than $EPOCH, which is known here"
  own=$(own_history)
  missing=$(gtids_missing "$own" "$(jq -r '[.status.binlogState, .status.slavePos] | join(",")' <<<"$1")")
  # A host that receives already may hold what the writer wrote since it was asked: only a later answer counts.
  if [ -n "$missing" ] && now=$(ask_peer "$(jq -r .region <<<"$1")"); then
    missing=$(gtids_missing "$own" "$(jq -r '[.binlogState, .slavePos] | join(",")' <<<"$now")")
  fi
  [ -z "$missing" ] || echo "this host holds transactions that region '$(jq -r .region <<<"$1")' lacks: up to $missing"
}

# A host that wrote itself knows its position by its binary log, one that was joined by gtid_slave_pos; the later of
# both, domain by domain, is true for either.
join() {
  local position
  stop_heartbeat || fail "the heartbeat does not stop"
  make_read_only || fail "the database does not become read-only within the deadline"
  remove_durably "$OPENING"
  # Stopped before the position is read: a server that goes on applying would refuse the one read before.
  sql 'STOP SLAVE'
  position=$(sql "SELECT CONCAT_WS(',', @@gtid_binlog_pos, @@gtid_slave_pos)" | tr -d '\n ')
  position=$(gtids_latest "$position")
  sql "STOP SLAVE; SET GLOBAL gtid_slave_pos='$position'"
  hear_peers
  join_source "$(jq -r .region <<<"$1")" || fail "the database does not take the replication settings"
  start_replica
  refuse_while_fencing
  write_role "$(jq -r .status.epoch <<<"$1")" standby
  open_port
}

answer_follow() {
  jq -cn --argjson followed "$1" --argjson epoch "$EPOCH" --argjson writer "$2" '{$followed, region: $writer.region, $epoch}'
}
