# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The heartbeat's row (evenkeel.heartbeat, id 1) and the session that writes it.

# A statement that waits for a lock ends in the server as well before it is given up here: sessions that nobody reads
# would pile up in a long stall and take the application's connections. One that waits for a standby holds the row and does
# not end: given up, its row would be there, and the gate would take it for committed (writer.md, W12).
# And no name is looked for where the application may put its own.
readonly BEAT_PATIENCE="$OWN_SESSION -c search_path=pg_catalog,pg_temp -c lock_timeout=4s -c statement_timeout=0"
readonly BEAT_READ_ONLY='SELECT pg_is_in_recovery()::int'

# beat_client PREFIX...: becomes a client that answers one line a statement.
beat_client() {
  exec "$@" env PGOPTIONS="$BEAT_PATIENCE" PGCONNECT_TIMEOUT=5 psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$SOCKET" -p "$PORT" \
    -U evenkeel-beat -d "$SCHEMA"
}

# add_changes: a heartbeat of before this column gets it, on the writer alone.
add_changes() {
  [ "$(sql_site "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = 'evenkeel' AND table_name = 'heartbeat' AND column_name = 'changes'")" = 0 ] ||
    return 0
  is_writable && sql_site "SET lock_timeout = '4s'; ALTER TABLE evenkeel.heartbeat ADD COLUMN IF NOT EXISTS changes bigint NOT NULL DEFAULT 0"
}

# `changes`: rows that this server has changed in the site's database, whatever became of them; sessions tell it about
# once a second.
readonly BEAT_CHANGES='SELECT tup_inserted + tup_updated + tup_deleted FROM pg_stat_database WHERE datname = current_database()'

counted_changes() { [ "$COUNTS_CHANGES" = no ] || printf ', changes = (%s)' "$BEAT_CHANGES"; }

# beat_update EPOCH: its answer is 1 where the row is this region's at that epoch.
beat_update() {
  printf '%s' "WITH beat AS (UPDATE evenkeel.heartbeat SET at = clock_timestamp()$(counted_changes) WHERE id = 1 AND region = '$REGION' AND epoch = $1 RETURNING 1)
    SELECT COUNT(*) FROM beat"
}

# fresh_beats SECONDS EPOCH: 1 where the row is this region's at that epoch and no older.
fresh_beats() {
  sql_site "SELECT COUNT(*) FROM evenkeel.heartbeat WHERE id = 1 AND region = '$REGION' AND epoch = $2
    AND abs(extract(epoch FROM clock_timestamp() - at)) < $1"
}

highest_beat() { sql_site "SELECT COALESCE(MAX(epoch), 0) FROM evenkeel.heartbeat"; }
