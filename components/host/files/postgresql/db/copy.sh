# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A physical copy of the whole database, by pg_basebackup: the writer streams it, the seeded host unpacks it.
readonly STAGING=/var/lib/postgresql/evenkeel-seed OWNER=postgres
readonly DATA=("$CLUSTER") UNPACK=(tar -x -C "$STAGING")

# On standard output; its words go to $SCRATCH/log. The log of changes during the copy is fetched at its end.
send_copy() {
  as_postgres "$BIN/pg_basebackup" -h "$SOCKET" -p "$PORT" -U postgres -D - -F tar -X fetch -c fast --no-manifest 2>"$SCRATCH/log"
}

# It is a data directory as it is; what the writer followed once is none of its business.
prepare_copy() {
  [ -s "$STAGING/backup_label" ] || fail "the copy is not whole"
  rm -f "$STAGING"/{standby.signal,recovery.signal,postmaster.pid}
}
