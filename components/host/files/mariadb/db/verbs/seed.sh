# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Fills an empty, un-joined database from the writer, whoever that is now, and joins it (writer.md, W2, W10).
# The marker `seeding` is there from the moment the old data may be gone until the role is known: with it, a rerun
# may throw away what lies in the data directory; without it, only an empty database is touched.
readonly STAGING=/var/lib/mysql-evenkeel-seed

verb_seed() {
  take_lock
  read_role
  if [ "$ROLE" != unseeded ]; then
    remove_durably "$SEEDING"
    jq -cn --arg role "$ROLE" --argjson epoch "$EPOCH" '{seeded: false, $role, $epoch}'
    return
  fi
  [ ! -e "$OPENING" ] || refuse "a birth was begun here: run evenkeel-db birth"
  refuse_if_used
  ABSENT=()
  ask_peers
  local writer started
  writer=$(writer_among_peers)
  [ -n "$writer" ] || refuse "no region that answers is the writer, so there is nothing to copy from"
  started=$(now_ms)
  copy_from "$(jq -r .region <<<"$writer")" "$(jq -r '[.status.binlogState, .status.slavePos] | join(",")' <<<"$writer")"
  join_writer "$writer"
  jq -cn --arg from "$(jq -r .region <<<"$writer")" --argjson bytes "$BYTES" --argjson ms "$(($(now_ms) - started))" \
    --argjson epoch "$EPOCH" '{seeded: true, $from, $bytes, seconds: ($ms / 1000), $epoch}'
}

refuse_if_used() {
  [ ! -e "$SEEDING" ] || return 0
  ensure_running
  local foreign
  foreign=$(foreign_content)
  [ -z "$foreign" ] || refuse "the database is not empty, and seed overwrites nothing: $foreign"
}

# copy_from REGION HISTORY: stream, unpack, prepare, all beside the data directory; then swap.
copy_from() {
  rm -rf "$STAGING"
  install -d -m 0700 "$STAGING"
  peer_ssh "$1"
  log "copying the database from region '$1'"
  setpriv --pdeathsig KILL timeout -k 2 "$(remaining)" setpriv --pdeathsig KILL "${SSH[@]}" send </dev/null |
    setpriv --pdeathsig KILL mbstream -x -C "$STAGING" || fail "the copy from region '$1' broke off"
  BYTES=$(du -sb "$STAGING" | cut -f1)
  log "copied $BYTES bytes, preparing"
  tied mariadb-backup --no-defaults --prepare --target-dir="$STAGING" 2>"$STAGING.log" || {
    tail -n 5 "$STAGING.log" >&2
    fail "the copy can't be prepared"
  }
  SEED_POSITION=$(copied_position)
  move_in
  adopt_history "$2"
}

# The writer's position at the moment of the copy: third word of the backup's own note.
copied_position() {
  local note
  note=$(cat "$STAGING/mariadb_backup_binlog_info") || fail "the copy does not say its position"
  note=$(cut -f3 <<<"$note")
  [[ $note =~ ^[0-9,-]+$ ]] || fail "the copy does not say its position"
  printf '%s' "$note"
}

move_in() {
  printf 'seeding\n' | put_durably "$SEEDING"
  bounded_systemctl stop mariadb.service
  find "$DATADIR" "$LOGDIR" -mindepth 1 -delete
  find "$STAGING" -mindepth 1 -maxdepth 1 -exec mv -t "$DATADIR" {} +
  chown -R mysql:mysql "$DATADIR"
  rm -rf "$STAGING" "$STAGING.log"
  sync -f "$DATADIR"
  ensure_running
}

# adopt_history LIST: what the writer held before the copy is in the copy. Said in the own binary log's state, it
# lets a region that returns later see that its transactions are all here (W9).
adopt_history() {
  local state
  state=$(gtids_newest "$1")
  sql "RESET MASTER; SET GLOBAL gtid_binlog_state='$state'; SET GLOBAL gtid_slave_pos='$SEED_POSITION'"
}

# The role is written once the copy has everything that the writer had when the copying ended.
join_writer() {
  local region now
  region=$(jq -r .region <<<"$1")
  hear_peers
  join_source "$region" || fail "the database does not take the replication settings"
  start_replica
  now=$(ask_peer "$region" | jq -er 'select(.role == "active") | .position') || fail "region '$region' stopped being the writer during the copy"
  reached "$now" || fail "the copy does not catch up with region '$region' within the deadline"
  write_role "$(jq -r .status.epoch <<<"$1")" standby
  remove_durably "$SEEDING"
}
