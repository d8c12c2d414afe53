# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A host's history as one JSON object: {"timelines": [[timeline, "where it ended"]…], "timeline": the one it is on,
# "end": the last position it holds, "openings": ["timeline epoch region"…]}. The openings tell two timelines of one
# number apart that began at one position: each opening of a database is the first row of its timeline.

# A position, "timeline:X/Y".
position() { printf '%s:%s' "$(timeline)" "$(log_end)"; }

# In recovery the newest segment bears the timeline that is followed: only what was received or written has one.
timeline() {
  sql "SELECT CASE WHEN pg_is_in_recovery()
    THEN (SELECT ('x' || max(left(name, 8)))::bit(32)::int FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}\$')
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END"
}

log_end() { sql "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"; }

own_history() {
  local timeline ended openings
  timeline=$(timeline)
  ended=$(sql "SELECT CASE WHEN $timeline = 1 THEN '' ELSE pg_read_file('pg_wal/' || lpad(upper(to_hex($timeline)), 8, '0') || '.history', true) END")
  openings=$(sql_site "SELECT COALESCE(json_agg(timeline || ' ' || epoch || ' ' || region ORDER BY timeline), '[]') FROM evenkeel.openings" 2>/dev/null) || openings='[]'
  jq -cRs --argjson timeline "$timeline" --arg end "$(log_end)" --argjson openings "$openings" '
    {timelines: [split("\n")[] | select(test("^[0-9]+\t")) | split("\t") | [(.[0] | tonumber), .[1]]], $timeline, $end, $openings}' <<<"$ended"
}

# history_missing OWN OTHER: what OWN holds beyond OTHER, in words. Empty means contained.
history_missing() {
  jq -cn -r --argjson own "$1" --argjson other "$2" '
    def hex: ascii_downcase | explode | reduce .[] as $c (0; . * 16 + (if $c >= 97 then $c - 87 else $c - 48 end));
    def lsn: split("/") | (.[0] | hex) * 4294967296 + (.[1] | hex);
    # Where the other one left the timeline that this host is on: later than its end, or never, where it is on it still.
    (if $other.timeline == $own.timeline then $other.end
      else ([$other.timelines[] | select(.[0] == $own.timeline) | .[1]] | .[0]) end) as $shared
    | if $shared == null then "its timeline \($own.timeline), which is none of the other\u0027s"
      elif $own.timelines != ($other.timelines[:($own.timelines | length)]) or
        $own.openings != ($other.openings[:($own.openings | length)])
      then "a timeline \($own.timeline) that forked from the other\u0027s"
      elif ($own.end | lsn) > ($shared | lsn)
      then "on timeline \($own.timeline) from \($shared) to \($own.end)"
      else empty end'
}

# reached POSITION: waits until it is applied here.
reached() { wait_for has_applied "${1#*:}"; }

has_applied() { [ "$(sql "SELECT pg_last_wal_replay_lsn() >= '$1'::pg_lsn")" = t ]; }

# Its own log says where a host is, and what it lacks is asked for from there.
adopt_own_position() { :; }

adopt_history() { :; }
