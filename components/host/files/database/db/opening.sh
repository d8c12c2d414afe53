# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The last steps of birth, promote and resume, and the marker that lets a cut one be finished.
# opening.json {verb, epoch, stage}: "started" = birth is making its accounts or resume asks its peers, "proved" = all
# that was received is applied and replication may be cleared. It is gone once the database is open. Peers see it in
# the status: promote and resume write it before they ask for the last time, so that of two at once each sees the other.
readonly OPENING=$STATE/opening.json HEARTBEAT=evenkeel-heartbeat.service

mark_opening() {
  local document
  document=$(jq -cn --arg verb "$1" --argjson epoch "$2" --arg stage "$3" '{$verb, $epoch, $stage}')
  put_durably "$OPENING" <<<"$document" || fail "$OPENING can't be written"
}

opening() { [ ! -e "$OPENING" ] || jq -r "$1" "$OPENING"; }

heartbeat_runs() { systemctl is-active --quiet "$HEARTBEAT"; }

stop_heartbeat() {
  within 4 bounded_systemctl stop "$HEARTBEAT" || systemctl kill -s KILL "$HEARTBEAT" 2>/dev/null || :
  ! heartbeat_runs
}

# open_database EPOCH: role first, then writes, then the row that says so. A fence that began meanwhile wins: what it
# does not stop here, it closes as soon as it has the lock. Under the keeper's rules the role is all, and the lease opens.
open_database() {
  refuse_while_fencing
  if keeper_rules; then
    close_port
    is_read_only || make_read_only || fail "the database does not become read-only within the deadline"
    # A later writer's database was lost, and its lease with it (--accept-loss).
    if [ "$ACCEPT_LOSS" = true ]; then seize_lease "$1"; else take_lease "$1"; fi
    let_keeper_open "$1"
    return
  fi
  write_role "$1" active
  open_port
  refuse_while_fencing
  open_writes "$1" || fail "the database does not accept writes"
  bounded_systemctl restart "$HEARTBEAT" || fail "the heartbeat does not start: see journalctl -u $HEARTBEAT"
  remove_durably "$OPENING"
}

# Under the keeper's rules the heartbeat's first row may have to wait as any other.
is_open() { is_writable && { keeper_rules || heartbeat_runs; }; }

# A service that runs and commits nothing (a stopped process, a lost session) opens no gate.
beats_now() { [ "$(fresh_beats 3 "$EPOCH")" = 1 ]; }
