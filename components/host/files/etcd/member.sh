# What the verbs of evenkeel-etcd stand on (/usr/local/lib/evenkeel/etcd/member.sh): files, questions, starts.
# shellcheck shell=bash disable=SC2034
readonly CONFIG=/etc/evenkeel/etcd.json TLS=/etc/evenkeel/tls LOCK=/run/evenkeel-etcd.lock
readonly STATE=/var/lib/evenkeel/etcd DATA=/var/lib/evenkeel/etcd/data
# With whom it began; that it ever ran, so that lost data are told from none yet; the settings it began with; and the
# word to go on alone, for one start.
readonly MEMBER_FILE=$STATE/member.env STARTED=$STATE/started BEGUN=$STATE/begun FORCE_FILE=/run/evenkeel-etcd-alone.env
readonly HERE=127.0.0.1
CHANGED=false WHY=''

log() { printf '%s\n' "$*" >&2; }

fail() {
  log "$@"
  exit 1
}

refuse() {
  log "$@"
  exit 12
}

left() {
  local seconds=$((DEADLINE - SECONDS))
  printf '%d' "$((seconds > 0 ? seconds : 1))"
}

cfg() { jq -r "$1" "$CONFIG"; }

know_self() {
  OWN=$(cfg .member)
  OWN_ADDRESS=$(jq -r '.member as $own | .members[] | select(.name == $own) | .address' "$CONFIG")
  URL=https://$OWN_ADDRESS:2380
}

# Addresses of the other members, one a line.
others() { jq -r '.member as $own | .members[] | select(.name != $own) | .address' "$CONFIG"; }

# ask ADDRESS WORD...: etcdctl at one member, with this host's own certificate, which is a client's as well. Where
# nobody listens it would go on trying for its whole time.
ask() {
  local address=$1
  shift
  [ "$(port_of "$address:2379")" = open ] || {
    log "nobody answers at $address:2379"
    return 1
  }
  timeout -k 1 "$(left)" etcdctl --endpoints="https://$address:2379" --cacert="$TLS/ca.pem" --cert="$TLS/etcd.pem" \
    --key="$TLS/etcd-key.pem" --dial-timeout=2s --command-timeout=4s "$@"
}

# wait_for COMMAND...: false when the deadline is over; WHY is then the last line that the command said. It runs in a
# process of its own: what it sets is lost.
wait_for() {
  until WHY=$("$@" 2>&1); do
    WHY=${WHY##*$'\n'}
    [ "$SECONDS" -lt "$DEADLINE" ] || return 1
    sleep 0.2
  done
}

# open, refused (its host answers, and nothing listens there) or silent, by what a connection to ADDRESS:PORT comes to.
port_of() {
  local said
  if said=$(timeout 3 bash -c "exec 3<>/dev/tcp/${1%:*}/${1##*:}" 2>&1); then
    echo open
  elif [[ $said == *"Connection refused"* ]]; then
    echo refused
  else
    echo silent
  fi
}

refuse_unless_others_run_none() { # VERB
  local address state
  while read -r address; do
    [ -n "$address" ] || continue
    state=$(port_of "$address:2380")
    [ "$state" != open ] || refuse "a member runs at $address: it may know a cluster, so this one does not $1 another"
    [ "$state" = refused ] || refuse "the host at $address can't be asked whether it knows a cluster: nothing was done"
  done < <(others)
}

# Only a member with a majority answers these.
has_majority() { ask "$HERE" endpoint health; }

# Sets ENTRY to another member that knows a cluster and has its majority, MEMBERS to its list: one line "id, started or
# unstarted, name, peer URL, client URL, whether it only learns" each; false where there is none.
find_cluster() {
  local address
  while read -r address; do
    [ -n "$address" ] || continue
    if MEMBERS=$(ask "$address" member list 2>/dev/null); then
      ENTRY=$address
      return 0
    fi
  done < <(others)
  return 1
}

# Ids of the members at this host's own URL, by MEMBERS.
own_ids() { awk -F', ' -v url="$URL" '$4 == url { print $1 }' <<<"$MEMBERS"; }

# "name URL" of those that count for a majority.
voters() { ask "$HERE" member list | awk -F', ' '$6 == "false" { print $3, $4 }'; }

host_of() { local host=${1#https://} && printf '%s' "${host%:*}"; }

has_data() { [ -d "$DATA/member/wal" ]; }

# It began to be one, its data are not lost, and the others, where they can be asked, know it.
is_member() {
  [ -e "$MEMBER_FILE" ] || return 1
  if [ -e "$STARTED" ] && ! has_data; then
    log "the data of this member are gone"
    return 1
  fi
  ! find_cluster || [ -n "$(own_ids)" ] || {
    log "the others have taken this member out"
    return 1
  }
}

# The file first: without it the unit does not start.
forget() {
  rm -f "$MEMBER_FILE"
  systemctl stop etcd.service
  rm -rf "$STARTED" "$BEGUN" "$FORCE_FILE" "$DATA"
}

put_durably() {
  cat >"$1.new"
  sync "$1.new"
  mv -f "$1.new" "$1"
  sync "$(dirname "$1")"
}

begin() { # new|existing CLUSTER
  printf 'ETCD_INITIAL_CLUSTER_STATE=%s\nETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_TOKEN=evenkeel-%s\n' \
    "$1" "$2" "$(cfg .site)" | put_durably "$MEMBER_FILE"
  systemctl start --no-block etcd.service
}

# A host without data is another machine than the member of its name, which goes first so that it never counts as two.
# The new one only learns until it has everything: until then the majority is that of the others.
take_place() {
  local id cluster
  find_cluster || { log "no other member answers with a majority"; return 1; }
  for id in $(own_ids); do ask "$ENTRY" member remove "$id" || return 1; done
  ask "$ENTRY" member add "$OWN" --peer-urls="$URL" --learner || return 1
  MEMBERS=$(ask "$ENTRY" member list) || return 1
  cluster=$(awk -F', ' -v own="$OWN" -v url="$URL" '{ print ($4 == url ? own : $3) "=" $4 }' <<<"$MEMBERS")
  begin existing "${cluster//$'\n'/,}"
}

# A learner answers no such question itself, so that the others are asked to let it count.
is_in() {
  local learner
  has_majority && return 0
  find_cluster || { log "no other member answers with a majority"; return 1; }
  learner=$(awk -F', ' -v url="$URL" '$4 == url && $6 == "true" { print $1 }' <<<"$MEMBERS")
  [ -z "$learner" ] || ask "$ENTRY" member promote "$learner"
  return 1
}

# What a member takes at its start only, and of which program it is.
settings() {
  {
    cat /etc/evenkeel/etcd.env /etc/systemd/system/etcd.service.d/evenkeel.conf "$TLS"/{ca,etcd,etcd-key}.pem
    stat -c '%s %Y' /usr/bin/etcd
  } 2>/dev/null | sha256sum
}

is_as_begun() { [ "$(cat "$BEGUN" 2>/dev/null)" = "$(settings)" ]; }

restart_member() {
  log "restarting the member $OWN"
  systemctl restart etcd.service || fail "etcd does not restart: see journalctl -u etcd"
  wait_for has_majority || fail "etcd does not answer after its restart: see journalctl -u etcd"
}

# One member at a time, and only where the others are a majority. False with the reason.
restart_in_turn() {
  local counting
  counting=$(voters) || {
    log "this member has no part in a majority, and without one it does not restart"
    return 1
  }
  if [ "${counting%% *}" = "$OWN" ] && [[ $counting != *$'\n'* ]]; then
    restart_member
    return
  fi
  find_cluster || {
    log "no other member answers with a majority, and without one this does not restart"
    return 1
  }
  # Gone by itself after its time, where this host dies with it.
  ask "$ENTRY" lock --ttl=30 -- evenkeel-etcd/restart "$0" restart-now --deadline "$(left)" >&2
}
