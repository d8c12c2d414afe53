# The verbs of evenkeel-etcd about the site's keys (docs/writer.md; /usr/local/lib/evenkeel/etcd/keys.sh):
#   get             what etcd holds of the site, and whether the writer renews
#   put-durability  MODE is the operator's durability from now on
# A member answers both only with a majority, so that an answer is a proof of one.
# shellcheck shell=bash

# The writer is watched for so long: five renewals of the lab's, one every 0.2 s.
readonly WATCH_MS=1000

keys_prefix() { printf '/evenkeel/%s/' "$(cfg .site)"; }

# Milliseconds since boot: a wall clock may be set while the writer is watched.
uptime_ms() {
  local up
  read -r up _ </proc/uptime
  printf '%d' "$((10#${up/./} * 10))"
}

read_keys() { ask "$HERE" get --prefix "$(keys_prefix)" --write-out=json; }

# The revision of the writer's last renewal in an answer; nothing where nobody holds the lease.
renewal_in() {
  jq -r --arg key "$(keys_prefix)writer" '.kvs // [] | .[] | select(.key | @base64d == $key) | .mod_revision' <<<"$1"
}

# Sets KEYS to the latest answer, and LEASE to what was seen between two: etcd tells no times. Renewed: the last renewal
# came after the last look that had not seen it was sent, so it is at most so old. Not renewed: it is at least so old.
watch_writer() {
  local first sent asked answered began
  LEASE=null
  sent=$(uptime_ms)
  KEYS=$(read_keys) || return 1
  began=$(uptime_ms)
  first=$(renewal_in "$KEYS")
  [ -n "$first" ] || return 0
  while :; do
    sleep 0.1
    asked=$(uptime_ms)
    KEYS=$(read_keys) || return 1
    answered=$(uptime_ms)
    case "$(renewal_in "$KEYS")" in
      "$first") ;;
      '') return 0 ;;
      *)
        LEASE=$(printf '{"renewed":true,"milliseconds":%d}' "$((answered - sent))")
        return 0
        ;;
    esac
    if [ $((asked - began)) -ge "$WATCH_MS" ]; then
      LEASE=$(printf '{"renewed":false,"milliseconds":%d}' "$((asked - began))")
      return 0
    fi
    sent=$asked
  done
}

# An answer of etcd as one document. A pause that can't be read is one without an end; whether one is over goes by this
# host's clock.
tell_keys() {
  jq -ce --arg prefix "$(keys_prefix)" --arg site "$(cfg .site)" --argjson lease "$LEASE" '
    (reduce ((.kvs // [])[] | {key: (.key | @base64d | ltrimstr($prefix)), value}) as $kv ({};
      if $kv.key == "pause" then .pause = ($kv.value | @base64d | try fromjson catch null
        | if type == "object" then . else {} end | {until, who, at}
        | .over = ((.until | type) == "number" and .until <= now))
      elif $kv.key | IN("writer", "epoch", "sync", "durability", "lock", "history", "ack")
      then .[$kv.key] = ($kv.value | @base64d | fromjson)
      else . end)) as $keys
    | {apiVersion: "evenkeel/v1", site: $site, revision: .header.revision, writer: $keys.writer, lease: $lease,
       epoch: $keys.epoch, sync: $keys.sync, durability: $keys.durability, pause: $keys.pause, lock: $keys.lock, history: ($keys.history // []),
       ack: $keys.ack}
  ' <<<"$KEYS" || fail "what etcd holds below $(keys_prefix) can't be read as Evenkeel's"
}

# Why this member answers nothing.
silence() {
  if systemctl is-active -q etcd.service; then
    printf 'etcd runs on this host without a majority'
  else
    printf 'etcd does not run on this host'
  fi
}

verb_get() {
  watch_writer || fail "$(silence): see evenkeel-etcd status"
  tell_keys
}

is_durability() { [[ $1 =~ ^(strict|bounded|async)$ ]]; }

# The keepers see it within a renewal and go its way by themselves (W5). An answer that never came leaves open whether it
# was put: that is said, and putting it again does no harm.
verb_put-durability() {
  is_durability "$MODE" || usage "put-durability needs strict, bounded or async, got '$MODE'"
  ask "$HERE" put "$(keys_prefix)durability" "\"$MODE\"" >/dev/null ||
    fail "$(silence), so whether the durability is $MODE is not known: run it again"
  LEASE=null
  KEYS=$(read_keys) || fail "the durability is $MODE now, and etcd does not answer any more"
  tell_keys
}
