# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The server's unit ($UNIT, engine/server.sh): a masked one was fenced.

# For an engine that does not say otherwise: its administrator always gets in, and its standby's accounts are the writer's.
refuses_administrator() { false; }
standby_has_own_accounts() { false; }

is_masked() { [ "$(systemctl is-enabled "$UNIT" 2>/dev/null)" = masked ]; }

lift_mask() {
  refuse_while_fencing
  ! is_masked || systemctl unmask "$UNIT" >&2
}

# Starts the server when it is down; it comes up read-only.
ensure_running() {
  running && return 0
  launch start || fail "$UNIT does not start: see journalctl -u $UNIT"
  wait_for running || fail "$UNIT has started but does not answer"
}

# launch start|restart: past the limit of starts in a short time, which is there for crashes.
launch() {
  systemctl reset-failed "$UNIT" 2>/dev/null || :
  bounded_systemctl "$1" "$UNIT" >&2
}

stop_server() { bounded_systemctl stop "$UNIT"; }

bounded_systemctl() { timeout "$(remaining)" systemctl "$@"; }
