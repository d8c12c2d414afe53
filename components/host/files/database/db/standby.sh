# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What becoming a standby, and ceasing to be one, has in common for the verbs of operators and of the keeper.

# follow_problems WRITER: what speaks against following {region, status} (writer.md, W9), one a line.
follow_problems() {
  local epoch missing own now region
  region=$(jq -r .region <<<"$1")
  epoch=$(jq -r .status.epoch <<<"$1")
  if [ "$ROLE" = active ]; then
    is_read_only || echo "this host is the active one and not read-only: demote or fence it first"
    [ "$epoch" -gt "$EPOCH" ] || echo "this host was active at epoch $EPOCH and the other region's epoch is $epoch"
  fi
  [ "$epoch" -ge "$EPOCH" ] || echo "the other region's epoch $epoch is older than $EPOCH, which is known here"
  own=$(own_history)
  missing=$(history_missing "$own" "$(jq -r .status.history <<<"$1")")
  # A host that receives already may hold what the writer wrote since it was asked: only a later answer counts.
  if [ -n "$missing" ] && now=$(ask_peer "$region"); then
    missing=$(history_missing "$own" "$(jq -r .history <<<"$now")")
  fi
  [ -z "$missing" ] || {
    echo "this host holds transactions that region '$region' lacks: $missing"
    echo "evenkeel-db tail shows them, evenkeel-db tail --save keeps them; then evenkeel-db reseed gives this host the writer's database"
  }
}

# set_up_following WRITER: closed, and joined to it; nothing is received yet.
set_up_following() {
  local region
  region=$(jq -r .region <<<"$1")
  stop_heartbeat || fail "the heartbeat does not stop"
  make_read_only || fail "the database does not become read-only within the deadline"
  remove_durably "$OPENING"
  adopt_own_position
  hear_peers
  aim_at_source "$region" || fail "the database does not take the replication settings"
}

# The epoch in the replicated heartbeat row, 0 where there is none.
known_by_database() { within 3 highest_beat 2>/dev/null || { running && echo 0; }; }

# An applier that stopped can't prove anything, and a restart of it would begin without what was received.
replica_problems() {
  if ! is_joined; then
    echo "replication is not set up, so it can't be shown that everything received was applied"
  elif ! is_applying; then
    echo "the applier is stopped $(applied_and_received)"
  fi
}

# An earlier run got as far as the proof, and nothing was received since.
proved() { [ "$(opening .stage)" = proved ] && receives_nothing; }

stop_receiving() {
  silence_peers
  stop_receiver
}
