# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Joins this host to the writer as its standby, if its own history is contained in the writer's (writer.md, W9).
verb_follow() {
  take_lock
  read_role
  open_session
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

join() {
  set_up_following "$1"
  if ! keeper_rules; then start_replica; fi
  refuse_while_fencing
  write_role "$(jq -r .status.epoch <<<"$1")" standby
  open_port
  if keeper_rules; then let_keeper_receive; fi
}

answer_follow() {
  jq -cn --argjson followed "$1" --argjson epoch "$EPOCH" --argjson writer "$2" '{$followed, region: $writer.region, $epoch}'
}
