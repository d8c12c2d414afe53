# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Proves that the region is there and has received what this database holds now, before commits are let wait for it: of a
# connection that was cut off silently the server goes on believing for long that all was sent.
verb_reach() {
  read_role
  [ -n "$ASKED_REGION" ] || usage "reach needs --region"
  peer_address "$ASKED_REGION" >/dev/null || usage "no database host of a region '$ASKED_REGION' is known here"
  refuse_other_epoch
  local position
  position=$(marker_position) || fail "the database does not tell its position"
  wait_for has_received "$ASKED_REGION" "$position" ||
    fail "region '$ASKED_REGION' does not say by the deadline that it has received $position"
  jq -cn --argjson epoch "$EPOCH" --arg region "$ASKED_REGION" --arg position "$position" '{$epoch, $region, $position}'
}
