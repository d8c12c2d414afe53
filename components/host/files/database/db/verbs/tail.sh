# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What this host holds that the writer lacks (writer.md, W9), decoded; with --save it is kept, with the pieces of the log.
# It changes nothing of the database: one that a fence stopped is started, closed, since only a server can be asked.
verb_tail() {
  take_lock
  read_role
  refuse_while_fencing
  case "$ROLE" in
    unseeded) refuse "this host is unseeded: it holds nothing" ;;
    active) refuse "this host is the active one: it lacks nothing, and no other one is the writer before it is fenced" ;;
  esac
  look_for_tail
  SCRATCH=$(mktemp -d /run/evenkeel-tail.XXXXXX)
  ask_tail tail >"$SCRATCH/tail.json"
  local id path=null
  id=$(jq -r '.id // ""' "$SCRATCH/tail.json")
  if [ "$SAVE" = true ] && [ -n "$id" ]; then
    save_tail "$SCRATCH/tail.json" "$id"
    path="\"$(saved_tail "$id")\""
  fi
  jq -c --argjson saved "$path" '. + {$saved}' "$SCRATCH/tail.json"
}
