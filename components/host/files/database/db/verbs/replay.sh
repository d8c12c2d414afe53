# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Puts rows of a tail back, on the writer (replay.py), from standard input. Through its log like any other change, so the
# standbys get them. Without the lock: its commits wait for a standby, and who changes that needs it.
verb_replay() {
  read_role
  refuse_while_fencing
  [ "$ROLE" = active ] || refuse "the role of this host is $ROLE: rows are put back on the writer"
  { running && is_writable; } || refuse "this database is closed: nothing can be put back"
  SCRATCH=$(mktemp -d /run/evenkeel-replay.XXXXXX)
  timeout "$(remaining)" head -c 67108865 | jq -c --argjson dryRun "$DRY_RUN" 'if type == "object" then . + {$dryRun} else . end' >"$SCRATCH/request.json" ||
    usage "standard input is no JSON"
  open_client replay_client
  local status=0
  tied python3 -I "$LIBRARY/replay.py" <"$SCRATCH/request.json" || status=$?
  case "$status" in
    0) echo ;;
    "$EXIT_USAGE") exit "$EXIT_USAGE" ;;
    *) fail "not all rows could be put back: what was committed stays, and a second replay says so" ;;
  esac
}
