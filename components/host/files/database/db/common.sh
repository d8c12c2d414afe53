# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Words to the operator, exit codes, the deadline and the lock.
readonly EXIT_USAGE=2 EXIT_REFUSED=12 EXIT_LOCKED=13
readonly STATE=/var/lib/evenkeel LOCK=/run/evenkeel-db.lock

log() { printf '%s\n' "$@" >&2; }

fail() {
  log "$@"
  exit 1
}

# refuse REASON...: the facts forbid it; each reason on its own line.
refuse() {
  log "$@"
  exit "$EXIT_REFUSED"
}

# The clock is the machine's uptime: setting the time of day must not stretch or cut a deadline.
now_ms() {
  local up
  read -r up _ </proc/uptime
  up=${up/./}
  printf '%s' "$((10#$up * 10))"
}

start_clock() { DEADLINE_MS=$(($(now_ms) + $1 * 1000)); }

remaining_ms() { printf '%s' "$((DEADLINE_MS - $(now_ms)))"; }

# Seconds left, never below a tenth: `timeout 0` would mean no deadline at all.
remaining() {
  local left
  left=$(remaining_ms)
  [ "$left" -ge 100 ] || left=100
  printf '%d.%03d' "$((left / 1000))" "$((left % 1000))"
}

time_left() { [ "$(remaining_ms)" -gt 0 ]; }

# within SECONDS COMMAND...: the same command with a nearer deadline.
within() {
  local saved=$DEADLINE_MS nearer status=0
  nearer=$(($(now_ms) + $1 * 1000))
  [ "$nearer" -ge "$saved" ] || DEADLINE_MS=$nearer
  shift
  "$@" || status=$?
  DEADLINE_MS=$saved
  return "$status"
}

# wait_for COMMAND...: polls until it succeeds; false at the deadline.
wait_for() {
  until "$@"; do
    time_left || return 1
    sleep 0.05
  done
}

# Runs a program that ends at the deadline and dies with this process: a killed verb leaves nothing running behind
# the back of the next one.
tied() { setpriv --pdeathsig KILL timeout -k 2 "$(remaining)" setpriv --pdeathsig KILL "$@"; }

# Once taken it is kept: opening the file again would let go of it for a moment.
try_lock() {
  [ "${LOCKED:-}" != yes ] || return 0
  exec 9>"$LOCK"
  flock -w "$(remaining)" 9 && LOCKED=yes
}

take_lock() {
  try_lock || {
    log "another evenkeel-db verb holds $LOCK"
    exit "$EXIT_LOCKED"
  }
}

# Now or never.
take_lock_at_once() {
  exec 9>"$LOCK"
  flock -n 9 || {
    log "another evenkeel-db verb holds $LOCK"
    exit "$EXIT_LOCKED"
  }
  LOCKED=yes
}

# For another verb that this one waits for.
drop_lock() {
  exec 9>&-
  LOCKED=no
}

# put_durably FILE: standard input becomes the file, all of it or nothing, still there after a power cut. What
# may fail is run before it and not piped into it, or the nothing that came of it would become the file. Each step only
# behind the one before it: where a caller tests the outcome, a failure by itself ends nothing.
put_durably() {
  cat >"$1.new" && chmod 0644 "$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "$(dirname "$1")"
}

remove_durably() {
  [ -e "$1" ] || return 0
  rm -f "$1"
  sync "$(dirname "$1")"
}
