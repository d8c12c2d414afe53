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

# No answer is not "no": whoever asks is about to open something.
is_joined() {
  local state
  state=$(replica_state) || fail "the database does not say whether it is joined to another region"
  [ -n "$state" ]
}

# join_source REGION: points the stopped replica at a peer. TLS with the certificate checked, or nothing.
join_source() {
  local host
  host=$(peer_address "$1") || return 1
  {
    printf "CHANGE MASTER TO MASTER_HOST='%s', MASTER_PORT=3306, MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1, " "$host"
    printf "MASTER_SSL=1, MASTER_SSL_CA='/etc/evenkeel/tls/ca.pem', MASTER_SSL_VERIFY_SERVER_CERT=1, "
    printf 'MASTER_USER=%s, MASTER_PASSWORD=%s;\n' "$(sql_literal .users.replication.name)" "$(sql_literal .users.replication.password)"
  } | sql_secret
}

# The replica is stopped.
aim_at_source() { join_source "$1"; }

leave_source() { sql 'STOP SLAVE; RESET SLAVE ALL'; }

source_address() { replica .host; }

is_source_checked() { [ "$(replica '.tls == 1 or .tls == true')" = true ]; }

# Both threads run.
is_replicating() {
  local state
  state=$(replica_state)
  [ "$(jq -r '.io + .sql' <<<"$state")" = YesYes ]
}

is_applying() { [ "$(replica .sql)" = Yes ]; }

# Only an answer that says so: of a database that can't be asked nothing is known.
receives_nothing() {
  local receiver
  receiver=$(replica .io) && [ "$receiver" != Yes ]
}

# An error that waiting can't cure ends the wait: the applier stopped, or the source refuses the position.
joined_or_hopeless() {
  local state
  state=$(replica_state)
  jq -e '(.io == "Yes" and .sql == "Yes") or .sql == "No" or .io == "No"' <<<"$state" >/dev/null
}

start_replica() {
  receive_again
  wait_for joined_or_hopeless && is_replicating && return 0
  # The deadline may be over; why is worth a question more.
  start_clock 5
  fail "replication does not run: $(replica '[.ioError, .sqlError] | map(select(. != "")) | join("; ")')"
}

stop_receiver() { sql 'STOP SLAVE IO_THREAD'; }

# A server that starts begins no replication by itself (skip_slave_start).
forget_source_while_down() { :; }

stop_replication() { sql 'STOP SLAVE'; }

# Of a receiver that begins, what it acknowledges is for the writer to say.
receive_again() {
  forget_wait
  if [ "$(replica .io)" = No ]; then sql 'SET GLOBAL rpl_semi_sync_slave_enabled=OFF; START SLAVE'; else sql 'START SLAVE'; fi
}

# Three facts at once: the receiver has stopped, the applier waits with nothing left to read, and the position of the
# last received transaction is among the applied ones.
applied_everything() {
  local state beyond
  state=$(replica_state)
  jq -e '.io == "No" and .sql == "Yes" and (.applier | startswith("Slave has read all relay log"))' <<<"$state" >/dev/null || return 1
  # Nothing beyond is an answer; no answer is not.
  beyond=$(gtids_beyond "$(jq -r .received <<<"$state")" "$(jq -r .applied <<<"$state")") || return 1
  [ -z "$beyond" ]
}

# For the operator, behind "the applier is stopped" and the like.
applied_and_received() {
  replica '"at \(.applied), received \(.received)" + (if .sqlError == "" then "" else ": " + .sqlError end)'
}
