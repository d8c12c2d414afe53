# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A host's history: its GTIDs ("domain-server-sequence", comma-separated), of its own binary log and of what it applied.
readonly GTID_JQ='
def gtids: split(",") | map(select(. != "") | split("-") | map(tonumber) | {domain: .[0], server: .[1], seq: .[2]});
def newest: group_by([.domain, .server]) | map(max_by(.seq));
def text: map("\(.domain)-\(.server)-\(.seq)") | join(",");
'

own_history() { sql "SELECT CONCAT_WS(',', @@gtid_binlog_state, @@gtid_slave_pos)" | tr -d '\n '; }

position() { sql 'SELECT @@gtid_current_pos'; }

# history_missing OWN OTHER: what OWN holds, per domain and server id, beyond OTHER. Empty means contained.
history_missing() {
  jq -cn -r --arg own "$1" --arg other "$2" "$GTID_JQ"'
    ($other | gtids | newest) as $other
    | $own | gtids | newest
    | map(. as $mine | select(all($other[]; .domain != $mine.domain or .server != $mine.server or .seq < $mine.seq)))
    | text | if . == "" then empty else "up to \(.)" end'
}

# gtids_latest LIST: the last transaction of each domain; sequence numbers only grow under gtid_strict_mode.
gtids_latest() { jq -cn -r --arg list "$1" "$GTID_JQ"'$list | gtids | group_by(.domain) | map(max_by(.seq)) | text'; }

# gtids_newest LIST: per domain and server id, the form of gtid_binlog_state.
gtids_newest() { jq -cn -r --arg list "$1" "$GTID_JQ"'$list | gtids | newest | text'; }

# gtids_beyond RECEIVED APPLIED: domains in which the applied sequence has not reached the received one.
gtids_beyond() {
  jq -cn -r --arg received "$1" --arg applied "$2" "$GTID_JQ"'
    ($applied | gtids) as $applied
    | $received | gtids | map(. as $last | select(all($applied[]; .domain != $last.domain or .seq < $last.seq))) | text'
}

# reached GTIDS: waits until all of them are applied here.
reached() {
  local left
  left=$(($(remaining_ms) / 1000))
  [ "$left" -ge 1 ] || left=1
  [ "$(sql "SELECT MASTER_GTID_WAIT('$1', $left)")" = 0 ]
}

# A host that wrote itself knows its position by its binary log, one that was joined by gtid_slave_pos; the later of
# both, domain by domain, is true for either. The replica is stopped before it is read: one that goes on applying
# would refuse it.
adopt_own_position() {
  local position
  sql 'STOP SLAVE'
  position=$(sql "SELECT CONCAT_WS(',', @@gtid_binlog_pos, @@gtid_slave_pos)" | tr -d '\n ')
  position=$(gtids_latest "$position")
  sql "STOP SLAVE; SET GLOBAL gtid_slave_pos='$position'"
}

# adopt_history LIST: what the writer held before the copy is in the copy. Said in the own binary log's state, it
# lets a region that returns later see that its transactions are all here (W9).
adopt_history() {
  local state
  state=$(gtids_newest "$1")
  sql "RESET MASTER; SET GLOBAL gtid_binlog_state='$state'; SET GLOBAL gtid_slave_pos='$SEED_POSITION'"
}
