# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What is known here, without a lock and also while the server is down: what can't be known is null. `history` is what
# this host holds, in the engine's own notation, which the other regions compare with theirs (W9).
verb_status() {
  read_role
  local rows='' changed=false underway fencing=false seeding=null returns=false keeper=null
  rows=$(within 4 server_rows 2>/dev/null) || :
  if [ -z "$rows" ] && within 4 refuses_administrator; then
    log "the database runs, but refuses the host's root: evenkeel-look --repair, and no restart, which would close it"
  fi
  within 4 restart_needed 2>/dev/null && changed=true
  [ ! -e "$FENCING" ] || fencing=true
  ! may_return || returns=true
  # As systemd says it: "active", or why not.
  ! keeper_rules || keeper="\"$(systemctl is-active evenkeel-keeper.service)\"" || :
  # Written every second while a copy is under way.
  [ -z "$(find "$PROGRESS" -newermt '-3 seconds' 2>/dev/null)" ] || seeding=$(cat "$PROGRESS")
  underway=$(jq -c '{verb, epoch}' "$OPENING" 2>/dev/null) || underway=null
  jq -cs --slurpfile config "$CONFIG" --arg engine "$ENGINE" --arg role "$ROLE" --argjson epoch "$EPOCH" --argjson changed "$changed" \
    --argjson opening "$underway" --argjson fencing "$fencing" --argjson seeding "$seeding" \
    --argjson returns "$returns" --argjson keeper "$keeper" --argjson waited "$(waited_for)" --arg machine "$(cat /etc/machine-id)" "$STATUS_JQ" <<<"$rows"
}

# The rows that an engine gives, each tagged: server {version, writable, position, history, waits, acknowledges},
# replica {address, receiving, applying, tls, error, received} where it is joined, heartbeat {region, epoch, ageSeconds,
# at} where there is one, changes {changes} where it counts them.
# shellcheck disable=SC2016 # a jq program
readonly STATUS_JQ='
# A row from the future by more than a second shows that the clocks differ; its age says nothing about lag then.
def of($name): map(select(.of == $name)) | .[0];
def truth: if type == "number" then . == 1 else . end;
$config[0] as $config | of("server") as $server | of("replica") as $replica | of("heartbeat") as $beat
| of("changes").changes as $changed_rows
| {
    apiVersion: "evenkeel/v1", site: $config.site, region: $config.region, engine: $engine, version: $server.version,
    role: $role, epoch: $epoch, running: ($server != null), writable: $server.writable, position: $server.position,
    heartbeat: (if $beat == null then null else $beat | {region, epoch, ageSeconds, at} + {changes: $changed_rows} end),
    replication: (if $replica == null then null else $replica | {
      source: (.address as $address | [$config.peers[] | select(.address == $address) | .region] | .[0] // $address),
      receiving, applying, tls, error
    } end),
    lagSeconds: (if $beat == null or $replica.receiving != true or $replica.applying != true or $beat.ageSeconds < -1 then null
      else [$beat.ageSeconds, 0] | max end),
    clockSkewSeconds: (if $beat != null and $beat.ageSeconds < -1 then -$beat.ageSeconds else null end),
    opening: $opening, fencing: $fencing, seeding: $seeding, mayReturn: $returns, keeper: $keeper,
    waitsFor: ($server.waits | truth | if . == false then [] elif . then $waited else null end),
    acknowledges: ($server.acknowledges | truth), received: $replica.received,
    restartNeeded: $changed, serverId: $config.serverId, machineId: $machine,
    history: $server.history
  }'
