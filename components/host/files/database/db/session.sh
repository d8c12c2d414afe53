# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# One client of the server for all that a verb asks: to begin one each time takes longer than most of the questions. An
# engine gives session_client, which becomes that client, and SESSION_START, what it is told first. A client that is gone
# (a statement failed, the server ended) is none any more: the next question begins one of its own.
readonly SESSION_END='-- that is all --'

# Where there is no server, or its client does not come up, nothing is lost.
open_session() {
  ! in_session || return 0
  SESSION_ERRORS=/run/evenkeel-db-session.$$
  # Without the verb's lock, which it would keep when the verb lets go of it.
  coproc SESSION { session_client 9>&- 2>"$SESSION_ERRORS"; }
  exec 7<&"${SESSION[0]}" 8>&"${SESSION[1]}"
  SESSION_OF=$SESSION_PID
  ask_session "$SESSION_START" >/dev/null 2>&1 || SESSION_OF=
}

in_session() { [ -n "${SESSION_OF:-}" ] && kill -0 "$SESSION_OF" 2>/dev/null; }

# ask_session STATEMENTS: their rows. Nobody asks in the background, as < <(sql …) would: two would take each other's
# answers. Its client ends at the first error, whose words are this question's; one that has not answered by the deadline
# is ended, since what it says later would be taken for the next answer.
ask_session() {
  local line text=$1
  # An empty statement is an error to some clients.
  while [[ $text == *[[:space:]\;] ]]; do text=${text%?}; done
  # In a shell of its own: a pipe that nobody reads any more must not end the verb.
  (printf "%s;\nSELECT '%s';\n" "$text" "$SESSION_END" >&8) 2>/dev/null || return 1
  while IFS= read -r -t "$(remaining)" -u 7 line; do
    [ "$line" != "$SESSION_END" ] || return 0
    printf '%s\n' "$line"
  done
  kill -KILL "$SESSION_OF" 2>/dev/null || :
  cat "$SESSION_ERRORS" >&2 2>/dev/null || :
  return 1
}

forget_session() { rm -f "${SESSION_ERRORS:-}"; }
