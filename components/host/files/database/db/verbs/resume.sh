# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Gives a host that was the active one its database back after a restart (writer.md, W1): every other region answers
# and none of them knows a newer epoch or a writer, or is about to become one. With --accept-loss the epoch asked for is
# a new one: a later writer's database was lost, and its epoch, which only web hosts still know, is never granted again.
verb_resume() {
  take_lock
  read_role
  refuse_while_fencing
  forget_seeding
  if [ "$ROLE" = active ] && [ "$EPOCH" = "$ASKED_EPOCH" ] && running && is_open && beats_now; then
    remove_durably "$OPENING"
    jq -cn --argjson epoch "$EPOCH" '{resumed: false, $epoch, writable: true}'
    return
  fi
  ask_peers
  local problems
  problems=$(resume_problems)
  [ -z "$problems" ] || refuse "$problems"
  lift_mask
  ensure_running
  is_joined && refuse "this host is joined to another region: it follows, it does not write"
  mark_opening resume "$ASKED_EPOCH" started
  ask_peers
  problems=$(resume_problems)
  if [ -n "$problems" ]; then
    remove_durably "$OPENING"
    refuse "$problems"
  fi
  hear_peers
  open_database "$ASKED_EPOCH"
  jq -cn --argjson epoch "$EPOCH" '{resumed: true, $epoch, writable: true}'
}

# What a keeper began (prepare) speaks against nothing here: it goes on with the lease alone, which this region gets
# first where nobody has it (W7).
resume_problems() {
  [ "$ROLE" = active ] || [ "$ROLE$WAS" = fencedactive ] || echo "the role of this host is $ROLE: only one that was active can resume"
  if [ "$ACCEPT_LOSS" = true ]; then
    [ "$ASKED_EPOCH" -ge "$EPOCH" ] || echo "epoch $ASKED_EPOCH is past: this host knows epoch $EPOCH"
  else
    [ "$EPOCH" = "$ASKED_EPOCH" ] || echo "this host knows epoch $EPOCH, not $ASKED_EPOCH"
  fi
  local silent region
  silent=$(silent_peers)
  for region in $silent; do echo "region '$region' can't be asked whether it has a newer epoch"; done
  jq -r --argjson own "$EPOCH" '.[] | select(.status != null)
    | if .status.epoch > $own then "region \u0027\(.region)\u0027 knows the newer epoch \(.status.epoch)"
      elif .status.writable or .status.role == "active" then "region \u0027\(.region)\u0027 is a writer at epoch \(.status.epoch)"
      elif .status.opening != null and .status.opening.verb != "prepare" then "region \u0027\(.region)\u0027 has begun to open its database (\(.status.opening.verb)): finish that, or fence it"
      else empty end' <<<"$PEERS"
}
