# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The keeper has claimed the lease at that epoch (writer.md, W6): a standby stops receiving, applies everything received
# and proves it, leaves its source, and only then is its role the active one; a host that was the active one gets its
# role at that epoch. Nothing is opened: that is `open`. Cut short or failed it receives nothing and may be asked again;
# the keeper lets it receive once it is out of the sync set (W8).
verb_prepare() {
  take_lock
  read_role
  open_session
  refuse_while_fencing
  forget_seeding
  local changed=false
  if [ "$ROLE$EPOCH" != "active$ASKED_EPOCH" ]; then
    changed=true
    refuse_past_epoch
    # Who reads a standby goes on reading: it accepts no writes before `open`.
    if [ "$ROLE" = standby ]; then leave_what_is_followed; else be_there_closed; fi
    write_role "$ASKED_EPOCH" active
  else
    be_there_closed
  fi
  remove_durably "$OPENING"
  jq -cn --argjson prepared "$changed" --argjson epoch "$EPOCH" --arg position "$(position)" \
    '{$prepared, $epoch, writable: false, $position}'
}

refuse_past_epoch() {
  case "$ROLE" in
    standby) refuse_unless_ready ;;
    active) ;;
    *) may_return || refuse "the role of this host is $ROLE, and no keeper made it so: it stays as it is" ;;
  esac
  [ "$ASKED_EPOCH" -ge "$EPOCH" ] || refuse "epoch $ASKED_EPOCH is past: this host knows epoch $EPOCH"
}

refuse_unless_ready() {
  local problems
  problems=$(prepare_problems)
  [ -z "$problems" ] || refuse "$problems"
}

prepare_problems() {
  local beat
  beat=$(known_by_database) || {
    echo "the database does not run"
    return
  }
  [ "$ASKED_EPOCH" -gt "${beat:-0}" ] || echo "epoch $ASKED_EPOCH is not greater than the known epoch $beat"
  [ "$ASKED_EPOCH" -gt "$EPOCH" ] || echo "epoch $ASKED_EPOCH is not greater than the known epoch $EPOCH"
  proved || replica_problems
}

leave_what_is_followed() {
  if ! proved; then
    stop_receiving
    wait_for applied_everything ||
      refuse "not everything received could be applied by the deadline: $(start_clock 5 && applied_and_received)"
    mark_opening prepare "$ASKED_EPOCH" proved
  fi
  leave_source
}

# It comes up read-only, and nobody reaches it.
be_there_closed() {
  lift_mask
  ensure_running
  is_read_only || refuse "this database accepts writes: evenkeel-db close --epoch $EPOCH goes before"
  ! is_joined || refuse "this host is joined to another region, though its role is $ROLE: it follows, it does not write"
  close_port
}
