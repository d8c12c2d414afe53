# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What is known here, without a lock and also while the server is down: what can't be known is null.
# binlogState and slavePos are the host's history, which the other regions compare with theirs (W9).
readonly STARTED_WITH=/run/evenkeel-db-started-with SETTINGS=/etc/mysql/mariadb.conf.d/60-evenkeel.cnf

verb_status() {
  read_role
  local rows='' changed=false underway fencing=false
  rows=$(within 4 server_rows 2>/dev/null) || :
  config_changed_since_start && changed=true
  [ ! -e "$FENCING" ] || fencing=true
  underway=$(jq -c '{verb, epoch}' "$OPENING" 2>/dev/null) || underway=null
  jq -cs --slurpfile config "$CONFIG" --arg role "$ROLE" --argjson epoch "$EPOCH" --argjson changed "$changed" --argjson opening "$underway" \
    --argjson fencing "$fencing" --arg machine "$(cat /etc/machine-id)" "$STATUS_JQ" <<<"$rows"
}

# One row a subject, each tagged; the heartbeat comes last since its table is missing before birth.
server_rows() {
  sql "SELECT JSON_OBJECT('of', 'server', 'version', @@version, 'readOnly', IF(@@global.read_only, 1, 0), 'position', @@gtid_current_pos,
      'binlogState', @@gtid_binlog_state, 'slavePos', @@gtid_slave_pos);
    SELECT JSON_OBJECT('of', 'replica', 'host', Master_Host, 'io', Slave_IO_Running, 'sql', Slave_SQL_Running,
      'ioError', Last_IO_Error, 'sqlError', Last_SQL_Error,
      'tls', Master_SSL_Allowed = 'Yes' AND Master_SSL_Verify_Server_Cert = 'Yes') FROM information_schema.SLAVE_STATUS LIMIT 1;
    SELECT JSON_OBJECT('of', 'heartbeat', 'region', region, 'epoch', epoch,
      'ageSeconds', ROUND(TIMESTAMPDIFF(MICROSECOND, at, NOW(6)) / 1000000, 3)) FROM evenkeel.heartbeat WHERE id = 1"
}

# The server's start notes what it read.
config_changed_since_start() {
  systemctl is-active --quiet mariadb.service && [ -e "$STARTED_WITH" ] || return 1
  ! sha256sum <"$SETTINGS" | cmp -s - "$STARTED_WITH"
}

# shellcheck disable=SC2016 # a jq program
readonly STATUS_JQ='
# A row from the future by more than a second shows that the clocks differ; its age says nothing about lag then.
def of($name): map(select(.of == $name)) | .[0];
$config[0] as $config | of("server") as $server | of("replica") as $replica | of("heartbeat") as $beat
| {
    apiVersion: "evenkeel/v1", site: $config.site, region: $config.region, engine: "mariadb", version: $server.version,
    role: $role, epoch: $epoch, running: ($server != null), writable: (if $server == null then null else $server.readOnly == 0 end),
    position: $server.position,
    heartbeat: (if $beat == null then null else $beat | {region, epoch, ageSeconds} end),
    replication: (if $replica == null then null else $replica | {
      source: (.host as $host | [$config.peers[] | select(.address == $host) | .region] | .[0] // $host),
      receiving: (.io == "Yes"), applying: (.sql == "Yes"), tls: (.tls == 1 or .tls == true),
      error: ([.ioError, .sqlError] | map(select(. != null and . != "")) | if . == [] then null else join("; ") end)
    } end),
    lagSeconds: (if $beat == null or $replica.io != "Yes" or $replica.sql != "Yes" or $beat.ageSeconds < -1 then null
      else [$beat.ageSeconds, 0] | max end),
    clockSkewSeconds: (if $beat != null and $beat.ageSeconds < -1 then -$beat.ageSeconds else null end),
    opening: $opening, fencing: $fencing,
    restartNeeded: $changed, serverId: $config.serverId, machineId: $machine,
    binlogState: $server.binlogState, slavePos: $server.slavePos
  }'
