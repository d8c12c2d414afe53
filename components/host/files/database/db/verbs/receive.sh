# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A standby receives again, from the writer of now. Its keeper has taken it out of the sync set (writer.md, W8): what
# was received and not applied may be thrown away by that. Joined to nobody, or to another than the writer, it follows
# (W9).
verb_receive() {
  take_lock
  read_role
  open_session
  refuse_while_fencing
  forget_seeding
  [ "$ROLE" = standby ] || refuse "the role of this host is $ROLE: only a standby receives"
  ensure_running
  ABSENT=()
  ask_peers
  local writer source
  writer=$(writer_among_peers)
  source=$(joined_region)
  if [ -n "$writer" ] && [ "$(jq -r .region <<<"$writer")" != "$source" ]; then
    follow_anew "$writer"
  elif [ -n "$source" ]; then
    remove_durably "$OPENING"
    hear_peers
    receive_again
  else
    refuse "no region that answers is the writer, and this host is joined to none"
  fi
  jq -cn --arg region "$(joined_region)" --argjson epoch "$EPOCH" '{received: true, $region, $epoch}'
}

# Nothing where it is joined to nobody.
joined_region() {
  is_joined || return 0
  jq -r --arg address "$(source_address)" '.peers[] | select(.address == $address) | .region' "$CONFIG"
}

follow_anew() {
  local problems
  problems=$(follow_problems "$1")
  [ -z "$problems" ] || refuse "$problems"
  set_up_following "$1"
  receive_again
  write_role "$(jq -r .status.epoch <<<"$1")" standby
}
