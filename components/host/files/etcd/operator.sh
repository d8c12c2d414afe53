# The verbs of evenkeel-etcd about the operators' keys (docs/architecture.md; /usr/local/lib/evenkeel/etcd/operator.sh):
#   lock    takes the site's lock for the record on standard input; --instead-of RUN: also from that run
#   unlock  --run RUN gives it back where it is that run's
#   record  puts the move on standard input into the history: the newest last, fifty at most
#   pause   --until SECONDS: {who, at} on standard input, and nothing is promoted by itself until then; none: it ends
#   ack     {run, who, at} on standard input: the failover of that run is acknowledged
# Each change is one transaction that compares that key's last write. Where its answer is lost nobody knows whether it
# was made, which is said; the same once more does no harm.
# shellcheck shell=bash

readonly MOST_CHARACTERS=65536 MOST_MOVES=50 TRIES=5

# What the documents must have. An older or newer evenkeel may send more, which is kept as it is.
# shellcheck disable=SC2016
readonly SHAPES='
  def text: type == "string" and length > 0 and length <= 1000;
  def or_null(f): . == null or f;
  def whole: type == "number" and . == floor and . >= 0;
  def run: type == "string" and test("^[A-Za-z0-9._:-]{1,100}$");
  def region: type == "string" and test("^[a-z][a-z0-9-]{0,30}$");
  def kind: IN("switchover", "failover", "reinstate", "failback");
  def wrong($name; f): if has($name) and (.[$name] | f) then empty else $name end;
  def word: wrong("who"; text), wrong("at"; text);
  def lock: word, wrong("run"; run), wrong("command"; text), wrong("host"; text), wrong("pid"; whole),
    wrong("machineId"; or_null(text)), wrong("bootId"; or_null(text)), wrong("pidNamespace"; or_null(text)),
    wrong("startTime"; or_null(text)), wrong("to"; or_null(region));
  def move: word, wrong("run"; run), wrong("kind"; kind), wrong("from"; or_null(region)), wrong("to"; region),
    wrong("epoch"; whole);
  def ack: word, wrong("run"; run);'

# Sets DOCUMENT to the one on standard input, on one line. SHAPE names what it must be (SHAPES).
read_document() { # SHAPE
  local text wrong
  text=$(timeout -k 1 "$(left)" head -c "$((4 * MOST_CHARACTERS))") || fail "standard input did not end by the deadline"
  [ "${#text}" -le "$MOST_CHARACTERS" ] || usage "$VERB takes at most $MOST_CHARACTERS characters on standard input"
  DOCUMENT=$(jq -cse 'if length == 1 and (.[0] | type) == "object" then .[0] else error end' <<<"$text" 2>/dev/null) ||
    usage "$VERB needs one JSON object on standard input"
  wrong=$(jq -r "$SHAPES [$1] | join(\", \")" <<<"$DOCUMENT")
  [ -z "$wrong" ] || usage "$VERB: missing or malformed on standard input: $wrong"
}

# Sets VALUE to what KEY holds (nothing: it is absent) and REVISION to that of its last write (0: absent).
read_key() { # KEY
  local answer
  answer=$(ask "$HERE" get "$(keys_prefix)$1" --write-out=json) || fail "$(silence): see evenkeel-etcd status"
  REVISION=$(jq -r '.kvs[0].mod_revision // 0' <<<"$answer")
  VALUE=$(jq -ce 'if .kvs then .kvs[0].value | @base64d | fromjson else empty end' <<<"$answer") ||
    [ "$REVISION" = 0 ] || fail "what etcd holds in $(keys_prefix)$1 can't be read as Evenkeel's"
}

# Puts VALUE (without one: takes KEY away) where nobody wrote it since read_key; false where somebody did.
swap() { # KEY [VALUE]
  local key answer change
  key="$(keys_prefix)$1"
  change="del $key"
  # etcdctl reads Go's quoted strings here: a JSON text in quotes is one.
  [ $# -lt 2 ] || change="put $key $(jq -Rr tojson <<<"$2")"
  answer=$(ask "$HERE" txn --write-out=json <<<"mod(\"$key\") = \"$REVISION\""$'\n\n'"$change"$'\n\n') ||
    fail "$(silence), so whether $1 was written is not known: run it again"
  jq -e .succeeded <<<"$answer" >/dev/null
}

# try_to COMMAND...: until it says that it is done; each time from what is there then.
try_to() {
  local try
  for ((try = 1; try <= TRIES; try++)); do
    ! "$@" || return 0
    sleep "0.$((RANDOM % 3 + 1))"
  done
  fail "others write the same key again and again: run it again"
}

tell_lock() { # true|false HOLDER|null
  jq -cn --arg site "$(cfg .site)" --argjson locked "$1" --argjson holder "$2" \
    '{apiVersion: "evenkeel/v1", site: $site, $locked, $holder}'
}

# The keys as they are behind a change.
tell_now() {
  LEASE=null
  KEYS=$(read_keys) || fail "it is done, and etcd does not answer any more"
  tell_keys
}

run_in() { [ -z "$1" ] || jq -r '.run // ""' <<<"$1"; }

# It has no expiry: who holds it may be in the midst of a step.
verb_lock() {
  read_document lock
  try_to take_lock
}

take_lock() {
  local holder
  read_key lock
  holder=$(run_in "$VALUE")
  if [ -n "$VALUE" ] && [ "$holder" != "$(run_in "$DOCUMENT")" ] && [ "$holder" != "$INSTEAD_OF" ]; then
    log "the lock is held by run $holder"
    tell_lock false "$VALUE"
    exit 13
  fi
  swap lock "$DOCUMENT" || return 1
  tell_lock true "$DOCUMENT"
}

verb_unlock() {
  try_to give_lock_back
}

give_lock_back() {
  read_key lock
  if [ "$(run_in "$VALUE")" != "$RUN" ]; then
    tell_lock "$([ -n "$VALUE" ] && echo true || echo false)" "${VALUE:-null}"
    return
  fi
  swap lock || return 1
  tell_lock false null
}

verb_record() {
  read_document move
  try_to add_move
  tell_now
}

# A move that is told again takes the place of what was told of it before.
add_move() {
  local moves
  read_key history
  moves=$(jq -c --argjson move "$DOCUMENT" --argjson most "$MOST_MOVES" '
    def is_it: [.run, .kind, .epoch] == ($move | [.run, .kind, .epoch]);
    if any(.[]; is_it) then map(if is_it then $move else . end) else .[-($most - 1):] + [$move] end
  ' <<<"${VALUE:-[]}") || fail "what etcd holds in $(keys_prefix)history is no list of moves"
  swap history "$moves"
}

# The last word counts, whoever said the one before.
verb_pause() {
  if [ "$UNTIL" = none ]; then
    try_to replace pause
  else
    read_document word
    try_to replace pause "$(jq -c --argjson until "$UNTIL" '. + {$until}' <<<"$DOCUMENT")"
  fi
  tell_now
}

verb_ack() {
  read_document ack
  try_to replace ack "$DOCUMENT"
  tell_now
}

replace() { # KEY [VALUE]
  REVISION=$(ask "$HERE" get "$(keys_prefix)$1" --write-out=json | jq -r '.kvs[0].mod_revision // 0') ||
    fail "$(silence): see evenkeel-etcd status"
  [ $# -eq 2 ] || [ "$REVISION" != 0 ] || return 0
  swap "$@"
}
