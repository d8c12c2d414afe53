# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Commits a marker, which waits as any commit does, and proves that the region has received it (writer.md, W5, W12):
# with the marker it holds everything that was acknowledged before.
verb_mark() {
  take_lock
  read_role
  open_session
  [ -n "$ASKED_REGION" ] || usage "mark needs --region"
  peer_address "$ASKED_REGION" >/dev/null || usage "no database host of a region '$ASKED_REGION' is known here"
  refuse_while_fencing
  refuse_other_epoch
  is_writable || refuse "this database is closed"
  commit_marker "$ASKED_REGION"
  wait_for has_marker "$ASKED_REGION" ||
    fail "region '$ASKED_REGION' has not received the marker ($MARKER) by the deadline"
  jq -cn --argjson epoch "$EPOCH" --arg region "$ASKED_REGION" --arg position "$MARKER" '{$epoch, $region, $position}'
}
