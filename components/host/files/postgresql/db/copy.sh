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

can_rewind() { true; }

# It comes up closed and ends what recovery it has to do: then it stops as one that pg_rewind takes.
stop_for_rewind() {
  close_port
  stop_replication
  stop_server
}

# rewind_to REGION [OPTION]: what differs, over TLS with the certificate checked. pg_rewind reads its password from a file.
rewind_to() {
  local host
  host=$(peer_address "$1") || return 1
  write_passfile
  as_postgres env PGPASSFILE="$PASSFILE" "$BIN/pg_rewind" --target-pgdata="$CLUSTER" --no-ensure-shutdown "${@:2}" \
    --source-server="host=$host port=$PORT user=$(cfg .users.replication.name) dbname=postgres sslmode=verify-full sslcertmode=disable sslrootcert=/etc/evenkeel/tls/ca.pem connect_timeout=4" >&2
}

# What the writer wrote while its blocks were fetched is needed before the server answers: it begins with its source (and
# else without, start_closed).
start_rewound() {
  printf 'rewound\n' | put_durably "$SEEDING"
  rm -f "$CLUSTER"/{recovery.signal,postmaster.pid}
  join_source "$1"
  ensure_running
}

is_rewound() { [ "$(cat "$SEEDING" 2>/dev/null)" = rewound ]; }
