# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The writer stops writing, provably, and waits (role fenced, epoch kept) for `follow` or `resume`. Its port stays
# open: the new writer must still receive the tail.
verb_demote() {
  take_lock
  read_role
  open_session
  case "$ROLE" in
    active | fenced) ;;
    *) refuse "the role of this host is $ROLE: only the active one can be demoted" ;;
  esac
  begin_demotion
  stop_heartbeat || fail "the heartbeat does not stop"
  running || fail "the database does not run: use evenkeel-db fence"
  # It may have been shut for that (end_sessions).
  make_read_only || {
    ! keeper_rules || leave_port_to_keeper
    fail "the database does not become read-only within the deadline: use evenkeel-db fence"
  }
  app_write_refused || fail "a write as $APP_USER was not refused as read-only"
  local changed=false
  if [ "$ROLE" = active ]; then
    changed=true
    remove_durably "$OPENING"
    write_role "$EPOCH" fenced active
  elif [ -n "$BY" ]; then
    write_role "$EPOCH" fenced "$WAS" "$CLOSED"
  fi
  rm -f "$DEMOTING"
  # No lease keeps the port open any more.
  if keeper_rules && [ "$CLOSED" != true ]; then open_port; fi
  jq -cn --argjson demoted "$changed" --argjson epoch "$EPOCH" --arg position "$(position)" \
    '{$demoted, $epoch, role: "fenced", $position}'
}
