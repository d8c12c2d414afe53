# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What a birth puts into an empty database: the schema, the heartbeat and the accounts (least privileges, TLS).

# Written out wherever an account is: what is not named keeps the value that somebody gave it.
readonly NO_LIMITS='MAX_QUERIES_PER_HOUR 0 MAX_UPDATES_PER_HOUR 0 MAX_CONNECTIONS_PER_HOUR 0 MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0'

make_contents() {
  make_schema
  make_accounts
}

make_schema() {
  sql_logged "CREATE DATABASE IF NOT EXISTS \`$SCHEMA\` CHARACTER SET utf8mb4;
    CREATE DATABASE IF NOT EXISTS evenkeel CHARACTER SET utf8mb4;
    CREATE TABLE IF NOT EXISTS evenkeel.heartbeat (id TINYINT PRIMARY KEY, region VARCHAR(64) NOT NULL, epoch BIGINT NOT NULL,
      at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6), changes BIGINT UNSIGNED NOT NULL DEFAULT 0) ENGINE=InnoDB;
    CREATE USER IF NOT EXISTS 'evenkeel-beat'@localhost IDENTIFIED VIA unix_socket;
    ALTER USER 'evenkeel-beat'@localhost IDENTIFIED VIA unix_socket REQUIRE NONE WITH $NO_LIMITS PASSWORD EXPIRE NEVER ACCOUNT UNLOCK;
    GRANT SELECT, UPDATE ON evenkeel.heartbeat TO 'evenkeel-beat'@localhost;"
  make_marker
}

# An underscore in a GRANT's database name is a wildcard unless escaped.
make_accounts() {
  make_account app .webNetworks "GRANT ALL PRIVILEGES ON \`${SCHEMA//_/\\_}\`.*"
  make_account health .webNetworks "GRANT SELECT ON evenkeel.heartbeat"
  make_account replication .peeringNetwork "GRANT REPLICATION SLAVE ON *.*"
}

# make_account KEY NETWORKS GRANT: the binary log and every replica get the password's hash, never the password.
make_account() {
  local name hash hosts host account
  hosts=$(account_hosts "$2")
  name=$(cfg ".users.$1.name")
  hash=$(printf 'SELECT PASSWORD(%s);\n' "$(sql_literal ".users.$1.password")" | client 2>/dev/null) || fail "the password of $name is not accepted"
  while read -r host; do
    [ -n "$host" ] || continue
    account="'$name'@'$host'"
    sql_logged "CREATE USER IF NOT EXISTS $account IDENTIFIED BY PASSWORD '$hash' REQUIRE SSL;
      ALTER USER $account IDENTIFIED BY PASSWORD '$hash' REQUIRE SSL WITH $NO_LIMITS PASSWORD EXPIRE NEVER ACCOUNT UNLOCK; $3 TO $account;"
  done <<<"$hosts"
}

# account_hosts FILTER: each network "a.b.c.d/len" there as the account host that MariaDB understands.
account_hosts() {
  jq -r "$1"' | [.] | flatten | .[]
    | split("/") | (.[1] | tonumber) as $length
    | .[0] + "/" + ([range(4) | ([[$length - 8 * ., 0] | max, 8] | min) | 256 - pow(2; 8 - .) | tostring] | join("."))' "$CONFIG"
}
