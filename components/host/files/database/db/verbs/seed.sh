# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Fills an empty, un-joined database from the writer, whoever that is now, and joins it (writer.md, W2, W10).
# The marker `seeding` is there from the moment the old data may be gone until the role is known: with it, a rerun
# may throw away what lies in the data directory; without it, only an empty database is touched.
verb_seed() {
  take_lock
  read_role
  if [ "$ROLE" != unseeded ]; then
    remove_durably "$SEEDING"
    jq -cn --arg role "$ROLE" --argjson epoch "$EPOCH" '{seeded: false, $role, $epoch}'
    return
  fi
  [ ! -e "$OPENING" ] || refuse "a birth was begun here: run evenkeel-db birth"
  refuse_if_used
  ABSENT=()
  ask_peers
  local writer
  writer=$(writer_among_peers)
  [ -n "$writer" ] || refuse "no region that answers is the writer, so there is nothing to copy from"
  seed_from "$writer" seeded
}

refuse_if_used() {
  [ ! -e "$SEEDING" ] || return 0
  ensure_running
  local foreign
  foreign=$(foreign_content)
  [ -z "$foreign" ] || refuse "the database is not empty, and seed overwrites nothing: $foreign"
}
