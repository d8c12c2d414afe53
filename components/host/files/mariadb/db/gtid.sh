# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Arithmetic on GTID lists ("domain-server-sequence", comma-separated).
readonly GTID_JQ='
def gtids: split(",") | map(select(. != "") | split("-") | map(tonumber) | {domain: .[0], server: .[1], seq: .[2]});
def newest: group_by([.domain, .server]) | map(max_by(.seq));
def text: map("\(.domain)-\(.server)-\(.seq)") | join(",");
'

# gtids_missing OWN OTHER: what OWN holds, per domain and server id, beyond OTHER. Empty means contained.
gtids_missing() {
  jq -cn -r --arg own "$1" --arg other "$2" "$GTID_JQ"'
    ($other | gtids | newest) as $other
    | $own | gtids | newest
    | map(. as $mine | select(all($other[]; .domain != $mine.domain or .server != $mine.server or .seq < $mine.seq)))
    | text'
}

# gtids_latest LIST: the last transaction of each domain; sequence numbers only grow under gtid_strict_mode.
gtids_latest() { jq -cn -r --arg list "$1" "$GTID_JQ"'$list | gtids | group_by(.domain) | map(max_by(.seq)) | text'; }

# gtids_newest LIST: per domain and server id, the form of gtid_binlog_state.
gtids_newest() { jq -cn -r --arg list "$1" "$GTID_JQ"'$list | gtids | newest | text'; }

own_history() { sql "SELECT CONCAT_WS(',', @@gtid_binlog_state, @@gtid_slave_pos)" | tr -d '\n '; }
