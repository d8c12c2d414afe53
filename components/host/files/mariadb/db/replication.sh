# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The replica side: joining, watching and leaving a source.

# The server's own row of replication state as JSON, or nothing when it is not joined.
replica_state() {
  sql "SELECT JSON_OBJECT('host', Master_Host, 'io', Slave_IO_Running, 'sql', Slave_SQL_Running,
      'ioError', Last_IO_Error, 'sqlError', Last_SQL_Error, 'received', Gtid_IO_Pos, 'applied', @@gtid_slave_pos,
      'tls', Master_SSL_Allowed = 'Yes' AND Master_SSL_Verify_Server_Cert = 'Yes', 'applier', Slave_SQL_Running_State)
    FROM information_schema.SLAVE_STATUS LIMIT 1"
}

# replica FILTER: one value of it; empty when not joined.
replica() { replica_state | jq -r "$1"; }

# join_source REGION: points the stopped replica at a peer. TLS with the certificate checked, or nothing.
join_source() {
  local host
  host=$(jq -er --arg region "$1" '.peers[] | select(.region == $region) | .address' "$CONFIG") || return 1
  {
    printf "CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=3306, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, " "$host"
    printf "MASTER_SSL=1, MASTER_SSL_CA='/etc/evenkeel/tls/ca.pem', MASTER_SSL_VERIFY_SERVER_CERT=1, "
    printf 'MASTER_USER=%s, MASTER_PASSWORD=%s;\n' "$(sql_literal .users.replication.name)" "$(sql_literal .users.replication.password)"
  } | sql_secret
}

both_threads_run() {
  local state
  state=$(replica_state)
  [ "$(jq -r '.io + .sql' <<<"$state")" = YesYes ]
}

# An error that waiting can't cure ends the wait: the applier stopped, or the source refuses the position.
joined_or_hopeless() {
  local state
  state=$(replica_state)
  jq -e '(.io == "Yes" and .sql == "Yes") or .sql == "No" or .io == "No"' <<<"$state" >/dev/null
}

start_replica() {
  sql 'START SLAVE'
  wait_for joined_or_hopeless && both_threads_run && return 0
  fail "replication does not run: $(replica '[.ioError, .sqlError] | map(select(. != "")) | join("; ")')"
}

# reached GTIDS: waits until all of them are applied here.
reached() {
  local left
  left=$(($(remaining_ms) / 1000))
  [ "$left" -ge 1 ] || left=1
  [ "$(sql "SELECT MASTER_GTID_WAIT('$1', $left)")" = 0 ]
}
