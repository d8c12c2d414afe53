# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The heartbeat's row (evenkeel.heartbeat, id 1) and the session that writes it.

# A statement that waits for a lock ends in the server as well before it is given up here: sessions that nobody reads
# would pile up in a long stall and take the application's connections.
readonly BEAT_PATIENCE='SET SESSION lock_wait_timeout=4, innodb_lock_wait_timeout=4'
readonly BEAT_READ_ONLY='SELECT @@global.read_only'

# beat_client PREFIX...: becomes a client that answers one line a statement.
beat_client() {
  exec "$@" mariadb --no-defaults --protocol=socket --socket="$SOCKET" --user=evenkeel-beat --batch --skip-column-names \
    --unbuffered --init-command="$BEAT_PATIENCE"
}

# add_changes: a heartbeat of before this column gets it, on the writer alone.
add_changes() {
  [ "$(sql "SELECT COUNT(*) FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'evenkeel' AND TABLE_NAME = 'heartbeat' AND COLUMN_NAME = 'changes'")" = 0 ] ||
    return 0
  is_writable && sql_logged "SET SESSION lock_wait_timeout = 4; ALTER TABLE evenkeel.heartbeat ADD COLUMN IF NOT EXISTS changes BIGINT UNSIGNED NOT NULL DEFAULT 0"
}

# `changes`: rows that this server has changed since it started, whatever became of them.
readonly BEAT_CHANGES="SELECT SUM(VARIABLE_VALUE) FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME IN ('HANDLER_WRITE', 'HANDLER_UPDATE', 'HANDLER_DELETE')"

counted_changes() { [ "$COUNTS_CHANGES" = no ] || printf ', changes = (%s)' "$BEAT_CHANGES"; }

# beat_update EPOCH: its answer is 1 where the row is this region's at that epoch.
beat_update() {
  printf '%s' "UPDATE evenkeel.heartbeat SET at = NOW(6)$(counted_changes) WHERE id = 1 AND region = '$REGION' AND epoch = $1; SELECT ROW_COUNT()"
}

# fresh_beats SECONDS EPOCH: 1 where the row is this region's at that epoch and no older.
fresh_beats() {
  sql "SELECT COUNT(*) FROM evenkeel.heartbeat WHERE id = 1 AND region = '$REGION' AND epoch = $2
    AND ABS(TIMESTAMPDIFF(MICROSECOND, at, NOW(6))) < $1 * 1000000"
}

highest_beat() { sql "SELECT COALESCE((SELECT MAX(epoch) FROM evenkeel.heartbeat), 0)"; }
