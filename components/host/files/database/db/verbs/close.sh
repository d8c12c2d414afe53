# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Hard, but for the role (writer.md, W4): the database is read-only, its application's sessions and its heartbeat end.
# The port is shut first: a commit that waits for a replica is let go when its session ends, and no client may hear of
# it.
verb_close() {
  take_lock
  read_role
  refuse_other_epoch
  local changed=false
  close_port || log "the packet filter can't be changed: going on"
  systemctl stop --no-block "$HEARTBEAT" || :
  stop_heartbeat || log "the heartbeat does not stop: going on"
  if running; then
    is_read_only || changed=true
    close_for_fence || fail "the database does not close by the deadline: use evenkeel-db fence"
  fi
  ensure_running
  is_read_only || fail "the database still accepts writes: use evenkeel-db fence"
  jq -cn --argjson closed "$changed" --argjson epoch "$EPOCH" '{$closed, $epoch, writable: false}'
}
