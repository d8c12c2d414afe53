# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, for `evenkeel verify`: what this database's rows are in few bytes (digest.py), without a lock and writing
# nothing. Adds `position`, asked for after the rows were read: whoever has reached that holds all that was seen. With
# "reached" in the question it is answered once that position is applied here, with "own" and "other" by what the first
# of two histories holds beyond the second (writer.md, W9).
verb_digest() {
  local request wanted answer missing=
  request=$(timeout 5 head -c 4000000)
  wanted=$(jq -er '.reached // ""' <<<"$request") || fail "the question is no JSON"
  running || fail "the database does not answer"
  [ -z "$wanted" ] || reached "$wanted" || fail "position $wanted is not applied here within the deadline"
  if [ "$(jq -r .ask <<<"$request")" = missing ]; then
    missing=$(history_missing "$(jq -r .own <<<"$request")" "$(jq -r .other <<<"$request")")
    jq -cn --arg missing "$missing" '{missing: (if $missing == "" then null else $missing end)}'
    return
  fi
  coproc CLIENT { digest_client; }
  # Opened anew: a copy would be closed for programs like the coprocess's own.
  exec 3<"/dev/fd/${CLIENT[0]}" 4>"/dev/fd/${CLIENT[1]}"
  answer=$(tied python3 -I "$LIBRARY/digest.py" <<<"$request") || fail "the rows can't be read"
  jq -c --arg position "$(position)" '. + {$position}' <<<"$answer"
}
