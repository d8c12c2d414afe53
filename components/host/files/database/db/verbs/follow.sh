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
  [ "$ROLE" = standby ] && [ "$EPOCH" = "$(jq -r .status.epoch <<<"$1")" ] && is_joined && is_replicating &&
    [ "$(source_address)" = "$host" ] && is_source_checked
}

follow_problems() {
  local epoch missing own now region
  region=$(jq -r .region <<<"$1")
  epoch=$(jq -r .status.epoch <<<"$1")
  if [ "$ROLE" = active ]; then
    is_read_only || echo "this host is the active one and not read-only: demote or fence it first"
    [ "$epoch" -gt "$EPOCH" ] || echo "this host was active at epoch $EPOCH and the other region's epoch is $epoch"
  fi
  [ "$epoch" -ge "$EPOCH" ] || echo "the other region's epoch $epoch is older than $EPOCH, which is known here"
  own=$(own_history)
  missing=$(history_missing "$own" "$(jq -r .status.history <<<"$1")")
  # A host that receives already may hold what the writer wrote since it was asked: only a later answer counts.
  if [ -n "$missing" ] && now=$(ask_peer "$region"); then
    missing=$(history_missing "$own" "$(jq -r .history <<<"$now")")
  fi
  [ -z "$missing" ] || {
    echo "this host holds transactions that region '$region' lacks: $missing"
    echo "to give them up, make this region anew from the writer: npx evenkeel destroy --region $REGION --site $SITE, then npx evenkeel provision --site $SITE"
  }
}

join() {
  stop_heartbeat || fail "the heartbeat does not stop"
  make_read_only || fail "the database does not become read-only within the deadline"
  remove_durably "$OPENING"
  adopt_own_position
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
