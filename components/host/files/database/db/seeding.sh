# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What seed, reseed and rewind have in common: a copy of the writer's database, and joining it with what came of that.

# seed_from WRITER WORD: the whole of it, and the answer under that word.
seed_from() {
  local started
  started=$(now_ms)
  copy_from "$(jq -r .region <<<"$1")" "$(jq -r .status.history <<<"$1")"
  join_writer "$1"
  jq -cn --arg word "$2" --arg from "$(jq -r .region <<<"$1")" --argjson bytes "$BYTES" --argjson ms "$(($(now_ms) - started))" \
    --argjson epoch "$EPOCH" '{($word): true, $from, $bytes, seconds: ($ms / 1000), $epoch}'
}

# copy_from REGION HISTORY: stream, unpack, prepare, all beside the data directory; then swap.
copy_from() {
  rm -rf "$STAGING"
  install -d -m 0700 "$STAGING"
  peer_ssh "$1"
  log "copying the database from region '$1'"
  setpriv --pdeathsig KILL bash "$LIBRARY/progress.sh" "$STAGING" "$PROGRESS" 9>&- &
  setpriv --pdeathsig KILL timeout -k 2 "$(remaining)" setpriv --pdeathsig KILL "${SSH[@]}" send </dev/null |
    setpriv --pdeathsig KILL "${UNPACK[@]}" || fail "the copy from region '$1' broke off"
  kill "$!" 2>/dev/null || :
  BYTES=$(du -sb "$STAGING" | cut -f1)
  log "copied $BYTES bytes, preparing"
  prepare_copy
  move_in
  adopt_history "$2"
}

move_in() {
  printf 'seeding\n' | put_durably "$SEEDING"
  stop_server
  find "${DATA[@]}" -mindepth 1 -delete
  find "$STAGING" -mindepth 1 -maxdepth 1 -exec mv -t "${DATA[0]}" {} +
  chown -R "$OWNER:$OWNER" "${DATA[0]}"
  rm -rf "$STAGING" "$STAGING.log"
  sync -f "${DATA[0]}"
  ensure_running
}

# The role is written once the copy has everything that the writer had when the copying ended. It acknowledges nothing
# until the writer says so; with a keeper it receives again only when that has taken the region out of the sync set.
join_writer() {
  local region now
  region=$(jq -r .region <<<"$1")
  hear_peers
  aim_at_source "$region" || fail "the database does not take the replication settings"
  start_replica
  now=$(ask_peer "$region" | jq -er 'select(.role == "active") | .position') || fail "region '$region' stopped being the writer during the copy"
  reached "$now" || fail "the copy does not catch up with region '$region' within the deadline"
  if keeper_rules; then stop_replication; fi
  write_role "$(jq -r .status.epoch <<<"$1")" standby
  remove_durably "$SEEDING"
  open_port
  if keeper_rules; then let_keeper_receive; fi
}
