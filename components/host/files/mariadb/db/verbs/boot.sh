# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, after every start of the server. A standby receives again; a host whose role was active stays read-only
# until `resume` (writer.md, W1). The keeper's "out of the sync set first" (W8) belongs in front of the start.
verb_boot() {
  take_lock
  read_role
  forget_seeding
  ensure_running
  if [ "$ROLE" = standby ] && [ ! -e "$OPENING" ] && [ -n "$(replica_state)" ] && ! both_threads_run; then
    hear_peers
    sql 'START SLAVE'
  fi
  jq -cn --arg role "$ROLE" '{role: $role}'
}
