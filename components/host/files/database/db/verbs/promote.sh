# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# A standby becomes the writer, in the order of writer.md, W6: stop receiving, apply all that was received and prove it,
# and only then clear replication, write the role and open. A host with a keeper leaves that to it and asks for the lease:
# the claim is the proof that nobody else may write and that nothing acknowledged is missing here (W7). With --by-force it
# takes the lease also where something is missing; that, and every promotion without a keeper, needs the proof that the
# old database is closed (W4): the answer of each peer, or the operator's word that the machine is off.
verb_promote() {
  take_lock
  read_role
  open_session
  refuse_while_fencing
  forget_seeding
  ABSENT=("${CONFIRMED_OFF[@]}")
  if keeper_rules; then promote_by_lease; else promote_by_answers; fi
}

promote_by_lease() {
  local problems
  if [ "$ROLE$EPOCH" = "active$ASKED_EPOCH" ]; then
    # What was claimed is opened by the keeper, whatever was cut in between.
    local changed=false
    { running && is_open; } || changed=true
    [ "$changed" = false ] || let_keeper_open "$ASKED_EPOCH"
    answer "$changed"
    return
  fi
  problems=$(promote_problems)
  [ -z "$problems" ] || refuse "$problems"
  if [ "$BY_FORCE" = true ]; then
    refuse_unless_closed
    ask_keeper seize "$ASKED_EPOCH" "${ALL_OFF[@]}"
  elif ! let_keeper_claim "$ASKED_EPOCH"; then
    # It says why not, or does it by itself where the keeper does not run.
    ask_keeper claim "$ASKED_EPOCH"
  fi
  let_keeper_open "$ASKED_EPOCH"
  answer true
}

promote_by_answers() {
  local problems
  if [ "$ROLE" = active ] && [ "$EPOCH" = "$ASKED_EPOCH" ] && running; then
    finish_or_confirm
    return
  fi
  problems=$(promote_problems)
  [ -z "$problems" ] || refuse "$problems"
  refuse_unless_closed
  if ! proved; then
    stop_receiving
    prove_applied
    mark_opening promote "$ASKED_EPOCH" proved
  fi
  ask_again
  leave_source
  open_database "$ASKED_EPOCH"
  answer true
}

answer() {
  jq -cn --argjson promoted "$1" --argjson epoch "$EPOCH" --arg position "$(position)" \
    '{$promoted, $epoch, writable: true, $position}'
}

# The role says that this promotion took place: cut before the end it is finished, complete it is confirmed. A host
# that restarted since is neither.
finish_or_confirm() {
  if was_cut; then
    if is_open; then
      remove_durably "$OPENING"
    else
      refuse_unless_closed
      open_database "$EPOCH"
    fi
    answer true
  elif is_open; then
    answer false
  else
    refuse "this host is active at epoch $EPOCH but was closed since: evenkeel-db resume --epoch $EPOCH asks the other regions first"
  fi
}

# Also where a resume came in between and was cut behind the opening: what is writable was not closed since.
was_cut() {
  case "$(opening .verb)" in
    promote) ;;
    resume) is_writable ;;
    *) false ;;
  esac
}

refuse_unless_closed() {
  local problems
  ask_peers
  problems=$(peer_problems)
  [ -z "$problems" ] || refuse "$problems"
  # Each of them answered that it is closed, or the operator answers for it.
  mapfile -t ALL_OFF < <(jq -r '.[].region | "--confirmed-off", .' <<<"$PEERS")
}

# Still undone as far as it can be: a standby that has not been cleared receives again.
ask_again() {
  local problems
  ask_peers
  problems=$(peer_problems)
  [ -n "$problems" ] || return 0
  start_clock 5
  if is_joined; then
    remove_durably "$OPENING"
    hear_peers
    receive_again
  fi
  refuse "$problems"
}

# What speaks against the other regions' databases being closed. One that does not answer its own host may be frozen
# and wake up writable, so there only the role (a standby, or fenced) is proof.
peer_problems() {
  local silent region
  silent=$(silent_peers)
  for region in $silent; do
    echo "region '$region' can't be asked whether its database is closed (if its machine is off for certain: --confirmed-off $region)"
  done
  jq -r --argjson asked "$ASKED_EPOCH" '.[] | select(.status != null) | "region \u0027\(.region)\u0027" as $who | .status
    | if .writable then "\($who) is writable at epoch \(.epoch): demote or fence it first"
      elif .role == "active" and .writable == null then "\($who) is active and its database does not answer: fence it first"
      elif .epoch >= $asked then "\($who) knows epoch \(.epoch), so \($asked) is not new"
      elif .opening != null then "\($who) has begun to open its database (\(.opening.verb)): finish that, or fence it"
      else empty end' <<<"$PEERS"
}

promote_problems() {
  local known=$EPOCH beat
  [ "$ROLE" = standby ] || echo "the role of this host is $ROLE: only a standby can be promoted"
  beat=$(known_by_database) || {
    echo "the database does not run"
    return
  }
  [ "${beat:-0}" -le "$known" ] || known=$beat
  [ "$ASKED_EPOCH" -gt "$known" ] || echo "epoch $ASKED_EPOCH is not greater than the known epoch $known"
  [ "$ROLE" != standby ] || proved || replica_problems
}

# Not proved by the deadline: nothing was cleared, and while the applier lives receiving goes on as before.
prove_applied() {
  wait_for applied_everything && return 0
  start_clock 5
  local state
  state=$(applied_and_received)
  if is_applying; then
    hear_peers
    receive_again
  fi
  refuse "not everything received could be applied by the deadline: $state"
}
