# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The other regions' database hosts, by SSH over the link. Their host keys are pinned by database.json.
readonly KNOWN_HOSTS=/run/evenkeel-peer-known-hosts

# Fills SSH with the command that reaches a peer. An array and no function: the seed's pipeline must be made of plain
# programs, so that each of them dies with this process.
peer_ssh() {
  local address
  address=$(peer_address "$1") || fail "no database host of a region '$1' is known here"
  jq -r '.peers[] | .region + " " + .hostKey' "$CONFIG" >"$KNOWN_HOSTS.$$"
  mv -f "$KNOWN_HOSTS.$$" "$KNOWN_HOSTS"
  SSH=(ssh -F none -i /etc/evenkeel/peer_key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes
    -o UserKnownHostsFile="$KNOWN_HOSTS" -o GlobalKnownHostsFile=/dev/null -o HostKeyAlias="$1" -o LogLevel=ERROR
    -o ConnectTimeout=4 -o ServerAliveInterval=2 -o ServerAliveCountMax=3 "evenkeel-peer@$address")
}

peer_address() { jq -er --arg region "$1" '.peers[] | select(.region == $region) | .address' "$CONFIG"; }

# ask_acks REGION on|off: true where that host says that it acknowledges what it receives, or that it does not.
ask_acks() {
  local answer wanted=true
  [ "$2" = on ] || wanted=false
  peer_ssh "$1"
  answer=$(within 3 tied "${SSH[@]}" "acks-$2" </dev/null) && [ "$(jq -r .acknowledges <<<"$answer")" = "$wanted" ]
}

# ask_peer REGION [SECONDS]: its status document.
ask_peer() {
  peer_ssh "$1"
  within "${2:-12}" tied "${SSH[@]}" status </dev/null
}

# Sets PEERS to [{region, status}], status null where a peer gave no usable answer (its reason is on standard error).
ask_peers() {
  local regions region answer seconds
  PEERS='[]'
  # A list that can't be read must not pass for a site without other regions.
  regions=$(cfg '.peers[].region')
  while read -r region; do
    [ -n "$region" ] || continue
    # One that is said to be off is asked all the same, but not waited for: an answer counts for more than a word.
    seconds=12
    [[ " ${CONFIRMED_OFF[*]} " != *" $region "* ]] || seconds=3
    answer=$(ask_peer "$region" "$seconds" | jq -ce 'select(.apiVersion == "evenkeel/v1")') || answer=null
    if [ "$answer" != null ] && [ "$(jq -r .site <<<"$answer")" != "$SITE" ]; then
      fail "the database host of '$region' is of another site"
    fi
    PEERS=$(jq -cn --argjson peers "$PEERS" --arg region "$region" --argjson status "${answer:-null}" '$peers + [{$region, $status}]')
  done <<<"$regions"
}

# Regions that gave no answer and were not said to be absent, one a line.
silent_peers() {
  jq -cn -r --argjson peers "$PEERS" '$peers[] | select(.status == null and (.region | IN($ARGS.positional[]) | not)) | .region' --args "${ABSENT[@]}"
}

# The writer among those that answered: {region, status}, or nothing. Two at one epoch is nothing to choose from.
writer_among_peers() {
  local writers
  writers=$(jq -cn --argjson peers "$PEERS" '[$peers[] | select(.status.role == "active" and .status.writable)]')
  if [ "$(jq '([.[].status.epoch] | max) as $top | [.[] | select(.status.epoch == $top)] | length' <<<"$writers")" -gt 1 ]; then
    refuse "several regions are writable at the same epoch: $(jq -r '[.[].region] | join(", ")' <<<"$writers")"
  fi
  jq -c 'max_by(.status.epoch) // empty' <<<"$writers"
}
