# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The keeper's feed: one JSON line each quarter of a second on standard output, until standard input ends. `askedMs` is
# the machine's uptime before the question. `waiting` has a word for each commit that waits for an acknowledgement, the
# same as long as it is the same commit. One session of the server for all of it, which knows the question by a name,
# short answers, since a shell reads them sign by sign, and no program a line: it must cost nothing.
readonly NO_ANSWER='"running":false,"open":false,"waiting":[],"followers":[],"receivesFrom":null,"waits":null'

verb_watch() {
  # A server that goes away must not take this one with it.
  trap '' PIPE
  STATEMENT=$(watch_statement)
  SESSION=none PENDING=no
  local ended
  while :; do
    watch_once
    ended=0
    read -r -t 0.25 _ || ended=$?
    # Beyond 128: the time is over, and nothing has come.
    [ "$ended" -gt 128 ] || [ "$ended" -eq 0 ] || return 0
  done
}

watch_once() {
  local now waits open waiting followers source answer status=0
  read -r now _ </proc/uptime
  now=$((10#${now/./} * 10))
  watch_role
  watch_begun
  if [ "$SESSION" = none ] && ! begin_session; then
    tell "$now" "$NO_ANSWER"
    return
  fi
  if [ "$PENDING" = no ]; then
    ASKED_MS=$now
    printf 'EXECUTE watched;\n' >&4 2>/dev/null || :
    PENDING=yes
  fi
  # An answer that comes late is still one of when it was asked for.
  IFS=$'\t' read -r -t 1 -u 3 waits open waiting followers source || status=$?
  if [ "$status" -eq 0 ]; then
    PENDING=no
    watch_waits "$waits"
    list WAITING "$waiting"
    list FOLLOWERS "$followers"
    SOURCE=null
    [ "$source" = - ] || SOURCE="\"$source\""
    answer="\"open\":$open,\"waiting\":$WAITING,\"followers\":$FOLLOWERS,\"receivesFrom\":$SOURCE"
    tell "$ASKED_MS" "\"running\":true,$answer,\"waits\":$WAITS"
  else
    [ "$status" -gt 128 ] || end_session
    tell "$now" "$NO_ANSWER"
  fi
}

tell() {
  printf '{"askedMs":%d,"role":"%s","epoch":%d,"mayReturn":%s,"begun":%s,%s}\n' "$1" "$ROLE" "$EPOCH" "$MAY_RETURN" "$BEGUN" "$2"
}

# A fence or a birth that has not ended, under way or cut short, or a demotion under way. PostgreSQL has to accept writes
# while it is born.
watch_begun() {
  local line=''
  BEGUN=null
  [ ! -e "$OPENING" ] || read -r line <"$OPENING" || :
  case "$line" in *'"verb":"birth"'*) BEGUN='"birth"' ;; esac
  [ ! -e "$DEMOTING" ] || flock -n "$DEMOTING" true || BEGUN='"demote"'
  [ ! -e "$FENCING" ] || BEGUN='"fence"'
}

# As read_role; of a file that evenkeel-db wrote in one line.
watch_role() {
  local line=''
  [ ! -e "$ROLE_FILE" ] || read -r line <"$ROLE_FILE" || :
  [ "$line" != "${ROLE_LINE-none}" ] || return 0
  ROLE_LINE=$line ROLE=unseeded EPOCH=0 MAY_RETURN=false
  [ -e "$ROLE_FILE" ] || return 0
  [[ $line =~ ^\{\"epoch\":([0-9]+),\"role\":\"(active|standby|fenced|unseeded)\",\"site\":\"$SITE\" ]] ||
    fail "$ROLE_FILE can't be read"
  EPOCH=${BASH_REMATCH[1]} ROLE=${BASH_REMATCH[2]}
  [[ $ROLE != fenced || $line != *'"was":"active"'*'"by":"keeper"'* ]] || MAY_RETURN=true
}

# list NAME WORDS: "a,b" as a JSON list in that variable, "-" as an empty one.
list() {
  local -n into=$1
  into='[]'
  [ "$2" = - ] || into="[\"${2//,/\",\"}\"]"
}

# watch_waits 0|1: for whom commits wait, null where nobody has said so since the server started. The server's own word
# goes before what a verb left.
watch_waits() {
  WAITS='[]'
  [ "$1" != 0 ] || return 0
  { read -r WAITS <"$WAITED_FOR"; } 2>/dev/null || WAITS=null
  [ "$WAITS" != '[]' ] || WAITS=null
}

# Not more than once a second where there is no server.
begin_session() {
  [ "$SECONDS" -ne "${BEGUN_AT:--1}" ] || return 1
  BEGUN_AT=$SECONDS
  coproc WATCHER { watch_client setpriv --pdeathsig KILL 2>/dev/null; }
  exec 3<&"${WATCHER[0]}" 4>&"${WATCHER[1]}"
  printf '%s\n' "$STATEMENT" >&4 2>/dev/null || :
  SESSION=there PENDING=no
}

end_session() {
  exec 3<&- 4>&-
  wait "${WATCHER_PID:-}" 2>/dev/null || :
  SESSION=none
}
