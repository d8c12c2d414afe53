# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The lease is this region's at that epoch, and the sync set is written (writer.md, W7): commits wait for the regions
# named from the first one on, and the database accepts writes. The port stays the keeper's. Open already: the wait is
# set, and what an opening or a closing that was cut short has left undone is done.
verb_open() {
  take_lock
  read_role
  open_session
  ackers
  refuse_while_fencing
  refuse_other_epoch
  ensure_running
  ! is_joined || refuse "this host is joined to another region: it follows, it does not write"
  local changed=true
  ! is_writable || changed=false
  if [ "$changed" = false ] && is_opened_whole; then
    set_wait "${ACKERS[@]}"
  else
    port_while_opening "${ACKERS[@]}"
    open_writes "$EPOCH" "${ACKERS[@]}" || fail "the database does not accept writes"
  fi
  # A fence that began meanwhile closes what it finds open; a port that it closed stays so.
  refuse_while_fencing
  leave_port_to_keeper
  # Its first row may have to wait as any other.
  if [ "$changed" = true ] || ! heartbeat_runs; then bounded_systemctl restart --no-block "$HEARTBEAT"; fi
  remove_durably "$OPENING"
  jq -cn --argjson opened "$changed" --argjson epoch "$EPOCH" --argjson waitsFor "$(as_list "${ACKERS[@]}")" \
    '{$opened, $epoch, writable: true, $waitsFor}'
}
