# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A physical copy of the whole database, by mariadb-backup: the writer streams it, the seeded host unpacks it.
readonly STAGING=/var/lib/mysql-evenkeel-seed OWNER=mysql
readonly DATA=(/var/lib/mysql /var/log/mysql) UNPACK=(mbstream -x -C "$STAGING")

# On standard output; its words go to $SCRATCH/log.
send_copy() {
  tied mariadb-backup --no-defaults --backup --stream=mbstream --target-dir="$SCRATCH" --user=root --socket="$SOCKET" \
    --datadir="${DATA[0]}" --parallel=2 2>"$SCRATCH/log"
}

prepare_copy() {
  tied mariadb-backup --no-defaults --prepare --target-dir="$STAGING" 2>"$STAGING.log" || {
    tail -n 5 "$STAGING.log" >&2
    fail "the copy can't be prepared"
  }
  SEED_POSITION=$(copied_position)
}

# The writer's position at the moment of the copy: third word of the backup's own note.
copied_position() {
  local note
  note=$(cat "$STAGING/mariadb_backup_binlog_info") || fail "the copy does not say its position"
  note=$(cut -f3 <<<"$note")
  [[ $note =~ ^[0-9,-]+$ ]] || fail "the copy does not say its position"
  printf '%s' "$note"
}

# Its log can't be taken back (flashback knows row changes alone, and nothing proves it).
can_rewind() { false; }
