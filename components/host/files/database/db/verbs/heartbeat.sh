# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Body of evenkeel-heartbeat.service: one committed row a second, through an account that a closed database stops. Ends
# with 12 when this host is not the active one at that epoch any more, which only an answer or the role file can say; a
# database that stalls ends it with 1, and the unit begins anew.

verb_heartbeat() {
  read_role
  [ "$ROLE" = active ] || refuse "the role of this host is $ROLE"
  COUNTS_CHANGES=no
  local epoch=$EPOCH answer announced=false
  # The verb itself has no end; its first statements have the unit's (TimeoutStartSec).
  start_clock 8
  # Only a figure hangs on it, and the gate on the heartbeat.
  if add_changes; then COUNTS_CHANGES=yes; else log "the heartbeat's table can't be brought up to date: rows are not counted"; fi
  coproc BEAT { beat_client setpriv --pdeathsig KILL --reuid evenkeel-beat --regid evenkeel-beat --clear-groups; }
  while still_active "$epoch"; do
    answer=$(ask_beat "$BEAT_READ_ONLY") || fail "the database does not answer"
    [ "$answer" = 0 ] || refuse "the database is read-only"
    answer=$(ask_beat "$(beat_update "$epoch")") ||
      fail "the heartbeat was not committed"
    [ "$answer" = 1 ] || refuse "the heartbeat row is not of this region at epoch $epoch"
    [ "$announced" = true ] || systemd-notify --ready --status="epoch $epoch"
    announced=true
    sleep 1
  done
  refuse "the role changed"
}

# ask_beat STATEMENT: its one line of answer; false where none came within five seconds. Callers test that, which
# switches errexit off in here.
ask_beat() {
  local line
  printf '%s;\n' "$1" >&"${BEAT[1]}" || return 1
  read -r -t 5 -u "${BEAT[0]}" line || return 1
  printf '%s' "$line"
}

still_active() {
  read_role
  [ "$ROLE" = active ] && [ "$EPOCH" = "$1" ]
}
