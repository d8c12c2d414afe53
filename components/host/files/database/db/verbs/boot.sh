# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, at boot and after every start of the server, which it starts where nothing else does. A standby receives
# again, unless it has a keeper, which takes it out of the sync set first (writer.md, W8); a host whose role was active
# stays read-only until `resume` or its keeper (W1).
verb_boot() {
  take_lock
  read_role
  forget_seeding
  # A masked server was fenced: bringing it back is for a verb that asks the other regions.
  if is_masked; then
    jq -cn --arg role "$ROLE" '{role: $role, started: false}'
    return
  fi
  ensure_running
  if ! keeper_rules && [ "$ROLE" = standby ] && [ ! -e "$OPENING" ] && is_joined && ! is_replicating; then
    hear_peers
    receive_again
  fi
  jq -cn --arg role "$ROLE" '{role: $role, started: true}'
}
