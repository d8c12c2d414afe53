# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What a birth puts into an empty database: the site's own, the heartbeat and the accounts (least privileges). Who may
# come from where is pg_hba.conf's. Accounts need an open database, so its port is closed until they are there.
make_contents() {
  close_port
  promote_server || fail "the database does not accept writes"
  make_accounts
  make_schema
}

make_accounts() {
  make_account app "LOGIN"
  make_account health "LOGIN"
  make_account replication "LOGIN REPLICATION"
  sql "DO \$\$ BEGIN CREATE ROLE \"evenkeel-beat\" LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"
}

# make_account KEY RIGHTS: the log of changes and every replica get the password's verifier, never the password.
make_account() {
  local name
  name=$(cfg ".users.$1.name")
  sql "DO \$\$ BEGIN CREATE ROLE \"$name\"; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"
  printf 'ALTER ROLE "%s" NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT %s PASSWORD %s;\n' "$name" "$2" "$(sql_literal ".users.$1.password")" |
    sql_secret || fail "the password of $name is not accepted"
}

make_schema() {
  local health
  health=$(cfg .users.health.name)
  [ -n "$(sql "SELECT 1 FROM pg_database WHERE datname = '$SCHEMA'")" ] || sql "CREATE DATABASE \"$SCHEMA\" OWNER \"$APP_USER\""
  sql "REVOKE ALL ON DATABASE \"$SCHEMA\" FROM PUBLIC; GRANT CONNECT ON DATABASE \"$SCHEMA\" TO \"$health\", \"evenkeel-beat\";
    REVOKE ALL ON DATABASE postgres FROM PUBLIC"
  sql_site "CREATE SCHEMA IF NOT EXISTS evenkeel;
    CREATE TABLE IF NOT EXISTS evenkeel.heartbeat (id smallint PRIMARY KEY, region text NOT NULL, epoch bigint NOT NULL,
      at timestamptz NOT NULL, changes bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS evenkeel.openings (timeline int PRIMARY KEY, epoch bigint NOT NULL, region text NOT NULL);
    GRANT USAGE ON SCHEMA evenkeel TO \"$health\", \"evenkeel-beat\";
    GRANT SELECT ON evenkeel.heartbeat TO \"$health\"; GRANT SELECT, UPDATE ON evenkeel.heartbeat TO \"evenkeel-beat\""
}
