# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The keeper of this host (evenkeel-keeper.service) and what the verbs leave to it. Its rules are in force once it has
# its settings: then only it opens a database, on the lease's word, and only it lets a standby receive, which it takes
# out of the sync set first (writer.md, W7, W8).
readonly KEEPER_SETTINGS=/etc/evenkeel/keeper.json KEEPER=/usr/local/sbin/evenkeel-keeper
readonly KEEPER_WORDS='see systemctl status evenkeel-keeper'

keeper_rules() { [ -e "$KEEPER_SETTINGS" ]; }

# ask_keeper found|claim|seize EPOCH [OPTION]...: its reasons are on standard error, and its refusal is this verb's.
ask_keeper() {
  local status=0
  tied "$KEEPER" "$1" --epoch "${@:2}" </dev/null >&2 || status=$?
  case "$status" in
    0) ;;
    "$EXIT_REFUSED") refuse "the keeper refuses epoch $2 to this region" ;;
    *) fail "the keeper can't say whether this region may have epoch $2 ($status): $KEEPER_WORDS" ;;
  esac
}

# take_lease EPOCH: the role goes first, since a keeper gives back a lease that its host has no use for; where it is
# refused, it is what it was. Without an answer the lease may have been given, so the role stays.
take_lease() {
  local before=("$EPOCH" "$ROLE" "$WAS" "$CLOSED" "$BY") status=0
  write_role "$1" active
  (ask_keeper found "$1") || status=$?
  case "$status" in
    0) return 0 ;;
    "$EXIT_REFUSED") write_role "${before[@]}" ;;
    *) log "the database is opened once the keeper has the lease: evenkeel-db fence keeps it closed" ;;
  esac
  exit "$status"
}

# seize_lease EPOCH: beside a later writer's lease a keeper would fence an active role again, so this host's is fenced, by
# its keeper, until it has the lease: then the keeper gives it its role.
seize_lease() {
  local region off=()
  # Each of them answered that it is no writer, or the operator answers for it (--absent).
  while read -r region; do
    [ -z "$region" ] || off+=(--confirmed-off "$region")
  done < <(cfg '.peers[].region')
  write_role "$EPOCH" fenced active "$CLOSED" keeper
  ask_keeper seize "$1" "${off[@]}"
}

# Held while a demotion runs, so that the keeper does not open what is being closed; one that is killed lets go of it.
readonly DEMOTING=/run/evenkeel-db-demoting

begin_demotion() {
  exec 6>"$DEMOTING"
  flock -w "$(remaining)" 6 || fail "another demotion holds $DEMOTING"
}

# What an operator wants of the keeper: one line "EPOCH UNTIL", the latter by the clock of now_ms.
readonly WANTED=/run/evenkeel-db-wanted
# A lease that runs out now is over by then, also where hosts are far apart (T of docs/writer.md, the lab's and a second).
readonly CLAIM_SECONDS=4

# let_keeper_claim EPOCH: the keeper has watched the writer all along, so it claims as soon as that is gone. False where
# it has not within a few seconds: another region still renews its lease, or this one may not have it.
let_keeper_claim() {
  local status=0
  drop_lock
  printf '%s %s\n' "$1" "$(($(now_ms) + CLAIM_SECONDS * 1000))" >"$WANTED.new"
  mv -f "$WANTED.new" "$WANTED"
  log "waiting for the lease"
  within "$CLAIM_SECONDS" wait_for has_role_at "$1" || status=1
  rm -f "$WANTED"
  return "$status"
}

# What it says once it has claimed and made everything ready to be opened.
has_role_at() { read_role && [ "$ROLE" = active ] && [ "$EPOCH" -ge "$1" ]; }

# The keeper opens the database by verbs of its own, for which it needs the lock. Of a lease that was vacant it claims the
# next epoch.
let_keeper_open() {
  drop_lock
  wait_for is_open_from "$1" || fail "the keeper has not opened the database at epoch $1 by the deadline: $KEEPER_WORDS"
}

is_open_from() { read_role && [ "$ROLE" = active ] && [ "$EPOCH" -ge "$1" ] && [ ! -e "$OPENING" ] && is_writable; }

# The host is joined, and its role is written. A copy's deadline would be no bound for that.
let_keeper_receive() {
  drop_lock
  within 60 wait_for is_replicating || fail "the keeper has not let this host receive by the deadline: $KEEPER_WORDS"
}

# refuse_other_epoch: the keeper's verbs name the epoch that they are meant for.
refuse_other_epoch() {
  [ "$ROLE" = active ] || refuse "the role of this host is $ROLE: only the active one is meant"
  [ "$EPOCH" = "$ASKED_EPOCH" ] || refuse "this host is active at epoch $EPOCH, not $ASKED_EPOCH"
}

# It was the active one, and its keeper alone closed it.
may_return() { [ "$ROLE$WAS$BY" = fencedactivekeeper ]; }

# ackers: the regions asked for as the array ACKERS; "none" is an empty one.
ackers() {
  local region
  ACKERS=()
  [ "${#ASKED_REGIONS[@]}" -gt 0 ] || usage "evenkeel-db $VERB needs regions, or none"
  [ "${ASKED_REGIONS[*]}" != none ] || return 0
  for region in "${ASKED_REGIONS[@]}"; do
    jq -e --arg region "$region" 'any(.peers[]; .region == $region)' "$CONFIG" >/dev/null ||
      usage "no database host of a region '$region' is known here: name one of $(cfg '[.peers[].region] | join(", ")')"
    [[ " ${ACKERS[*]} " == *" $region "* ]] || ACKERS+=("$region")
  done
  [ "${#ACKERS[@]}" -le "$MOST_ACKERS" ] ||
    usage "of $ENGINE at most $MOST_ACKERS region acknowledges, got ${ACKERS[*]}"
}

# For whom commits wait, as the last verb left it: a JSON list; the server itself need not know of whom an
# acknowledgement is. Gone with each start of the server, and null then.
readonly WAITED_FOR=/run/evenkeel-db-waits-for

# A verb beside this one may take it away at any moment.
waited_for() { cat "$WAITED_FOR" 2>/dev/null || echo null; }

note_waited_for() {
  as_list "$@" >"$WAITED_FOR.new"
  mv -f "$WAITED_FOR.new" "$WAITED_FOR"
}

# Statements of the marker, as the heartbeat's account.
marker_client() {
  (beat_client setpriv --pdeathsig KILL timeout -k 2 "$(remaining)" \
    setpriv --pdeathsig KILL --reuid evenkeel-beat --regid evenkeel-beat --clear-groups)
}

as_list() { jq -cn '$ARGS.positional' --args "$@"; }
