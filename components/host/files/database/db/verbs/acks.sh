# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, asked for by the writer's region: whether this host acknowledges what it receives from there (writer.md,
# W11). It waits for no other verb: one that was asked for by a writer's keeper that is gone must not be done behind
# what its successor has asked for.
verb_acks() {
  take_lock_at_once
  read_role
  if [ "$ASKED_ACKS" = on ]; then
    refuse_while_fencing
    [ "$ROLE" = standby ] || refuse "the role of this host is $ROLE: only a standby acknowledges"
    set_acks on
  elif ! database_is_dead; then
    set_acks off
  fi
  jq -cn --argjson acknowledges "$([ "$ASKED_ACKS" = on ] && echo true || echo false)" '{$acknowledges}'
}
