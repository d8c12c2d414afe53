# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Closes this database whatever state it is in (writer.md, W4): the port first, without waiting for the lock; then a
# graceful demote, and when that does not come through in time SIGKILL with the unit masked. Another verb may hold the
# lock meanwhile and open what was just closed: the marker stops it, and what slipped past is closed under the lock.
# A role file that can't be read may be the active one's: everything is closed all the same, and the fence fails after
# that, since it could not be recorded. Its marker stays, so nothing is opened before a fence has ended well.
verb_fence() {
  mark_fencing || log "the marker of a fence can't be written: going on"
  # An unseeded host may be in the middle of its birth, whose end the lock tells.
  if is_unseeded && take_lock && is_unseeded; then
    remove_durably "$FENCING"
    jq -cn '{fenced: false, role: "unseeded", method: "none"}'
    return
  fi
  # Asked to end before the port closes, without waiting for it: a row that can't leave this host any more would keep
  # it from following the next writer.
  systemctl stop --no-block "$HEARTBEAT" || log "the heartbeat does not stop: going on"
  close_port || log "the packet filter can't be changed: going on"
  stop_heartbeat || log "the heartbeat does not stop: going on"
  local method=killed half=$(($(remaining_ms) / 2000))
  if within "$((half > 0 ? half : 1))" fence_gracefully; then method=graceful; else kill_database; fi
  take_lock
  close_what_slipped_past || method=killed
  if ! role_is_known; then
    come_up_closed
    fail "the database is closed ($method), but without its role that can't be recorded: mend $ROLE_FILE, then run evenkeel-db fence again"
  fi
  remember_fence
  remove_durably "$FENCING"
  come_up_closed
  jq -cn --arg method "$method" --argjson epoch "$EPOCH" '{fenced: true, role: "fenced", $epoch, $method}'
}

is_unseeded() { role_is_known && [ "$ROLE" = unseeded ]; }

# With the lock nobody opens anything any more. False when the database had to be killed (again).
close_what_slipped_past() {
  [ "$(remaining_ms)" -ge 5000 ] || start_clock 5
  close_port || log "the packet filter can't be changed: going on"
  stop_heartbeat || log "the heartbeat does not stop: going on"
  if database_is_dead || proved_read_only; then return 0; fi
  kill_database
  return 1
}

proved_read_only() { within 3 is_read_only 2>/dev/null; }

# One that somebody else fenced stays so when its keeper fences it as well.
remember_fence() {
  local was=$ROLE by=$FENCED_BY
  [ "$(cat "$FENCING" 2>/dev/null)" = keeper ] || by=
  if [ "$ROLE" = fenced ]; then
    was=$WAS
    [ "$BY" = keeper ] || by=
  fi
  remove_durably "$OPENING"
  write_role "$EPOCH" fenced "$was" true "$by"
}

# Every connection over the network is ended: what they had under way must not commit later. Behind the lock in a
# subshell: a step that gives up must not end the fence, which then kills.
fence_gracefully() { try_lock && (is_down || { running && close_for_fence; }); }

# As a fence that was cut short, or somebody, left it: nobody opens it while the lock is held.
is_down() { ! is_masked && database_is_dead && forget_source_while_down; }

# A server that was stopped comes up read-only, where there is time for it: that is no part of what a fence promises,
# and whoever needs it running starts it.
come_up_closed() { is_masked || (ensure_running) || log "the database is closed, and not up again: whatever needs it starts it"; }

kill_database() {
  if is_masked && database_is_dead; then return 0; fi
  log "the database does not close itself in time: killing it"
  systemctl mask "$UNIT" >&2 2>/dev/null || fail "$UNIT can't be masked"
  systemctl kill -s KILL --kill-whom=all "$UNIT" 2>/dev/null || :
  wait_for database_is_dead || fail "the database still lives after SIGKILL"
  systemctl stop --no-block "$UNIT" 2>/dev/null || :
}
