# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Takes back what only this host holds, by fetching from the writer the blocks that differ (writer.md, W9), and follows it.
# Refused as `reseed` is, and where a trial says that it can't be done: nothing is changed then. Cut short later the host is
# unseeded, and reseed mends it.
verb_rewind() {
  can_rewind || usage "$ENGINE has no rewind: use evenkeel-db reseed"
  take_lock
  read_role
  refuse_while_fencing
  [ "$ROLE" != unseeded ] || refuse "this host is unseeded, there is nothing to rewind: run evenkeel-db reseed, or seed"
  look_for_tail
  refuse_unless_given_up
  local region started
  region=$(jq -r .region <<<"$WRITER")
  started=$(now_ms)
  hear_peers
  stop_for_rewind
  if ! rewind_to "$region" --dry-run; then
    ensure_running
    load_firewall running
    refuse "this host can't be rewound to region '$region' (reasons above): run evenkeel-db reseed"
  fi
  give_up
  rewind_to "$region" || fail "the rewind to region '$region' broke off: run evenkeel-db reseed"
  start_rewound "$region"
  join_writer "$WRITER"
  jq -cn --arg from "$region" --argjson ms "$(($(now_ms) - started))" --argjson epoch "$EPOCH" \
    '{rewound: true, $from, seconds: ($ms / 1000), $epoch}'
}
