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
  make_account app "NOINHERIT NOREPLICATION"
  make_account health "NOINHERIT NOREPLICATION"
  make_account replication "NOINHERIT REPLICATION"
  give_rewind_rights
  make_beat
}

# What pg_rewind asks of the writer (its manual, "Notes"), in the database "postgres". No more than the account may have
# anyway, by a copy of everything.
readonly REWIND_FUNCTIONS=('pg_ls_dir(text, boolean, boolean)' 'pg_stat_file(text, boolean)'
  'pg_read_binary_file(text)' 'pg_read_binary_file(text, bigint, bigint, boolean)')
give_rewind_rights() {
  local name
  name=$(cfg .users.replication.name)
  sql "BEGIN; DO \$\$ DECLARE r record; BEGIN
      FOR r IN SELECT pg_proc.oid::regprocedure AS onto, $(grantee quote_ident) AS grantee FROM pg_proc, aclexplode(proacl) a
        WHERE pg_proc.oid IN ($(rewind_functions)) AND a.grantee <> proowner
      LOOP EXECUTE format('REVOKE ALL ON FUNCTION %s FROM %s CASCADE', r.onto, r.grantee); END LOOP; END \$\$;
    $(printf 'GRANT EXECUTE ON FUNCTION %s TO "'"$name"'";\n' "${REWIND_FUNCTIONS[@]}") COMMIT"
}

# As a list in SQL.
rewind_functions() { printf "'%s'::regprocedure\n" "${REWIND_FUNCTIONS[@]}" | paste -sd ,; }

# What an account of ours is, whatever was made of it.
readonly PLAIN="LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS CONNECTION LIMIT -1 VALID UNTIL 'infinity'"

make_role() { sql "DO \$\$ BEGIN CREATE ROLE \"$1\"; EXCEPTION WHEN duplicate_object THEN NULL; END \$\$"; }

# It comes by the local socket and has no password.
make_beat() {
  make_role evenkeel-beat
  sql "ALTER ROLE \"evenkeel-beat\" $PLAIN INHERIT NOREPLICATION"
}

# make_account KEY RIGHTS: the log of changes and every replica get the password's verifier, never the password.
make_account() {
  local name
  name=$(cfg ".users.$1.name")
  make_role "$name"
  printf 'ALTER ROLE "%s" %s %s PASSWORD %s;\n' "$name" "$PLAIN" "$2" "$(sql_literal ".users.$1.password")" |
    sql_secret || fail "the password of $name is not accepted"
}

make_schema() {
  [ -n "$(sql "SELECT 1 FROM pg_database WHERE datname = '$SCHEMA'")" ] || sql "CREATE DATABASE \"$SCHEMA\""
  give_database_rights
  sql_site "CREATE SCHEMA IF NOT EXISTS evenkeel;
    CREATE EXTENSION IF NOT EXISTS pageinspect SCHEMA evenkeel;
    CREATE TABLE IF NOT EXISTS evenkeel.heartbeat (id smallint PRIMARY KEY, region text NOT NULL, epoch bigint NOT NULL,
      at timestamptz NOT NULL, changes bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS evenkeel.openings (timeline int PRIMARY KEY, epoch bigint NOT NULL, region text NOT NULL)"
  make_marker
  give_schema_rights
}

# Who may do what, exactly as birth gives it: at birth, whenever the database is opened, and when it is mended. What
# belongs to the application is the schemas that it makes, and "public".
give_rights() { make_beat && give_database_rights && give_rewind_rights && give_schema_rights; }

# The site's database is the administrator's: its owner could close it for the heartbeat (ALTER DATABASE, REVOKE
# CONNECT), and no region could become the writer. At once, so that nobody of ours is without its rights in between.
give_database_rights() {
  local health replication
  health=$(cfg .users.health.name)
  replication=$(cfg .users.replication.name)
  sql "BEGIN; ALTER DATABASE \"$SCHEMA\" OWNER TO postgres; ALTER DATABASE postgres OWNER TO postgres;
    ALTER DATABASE \"$SCHEMA\" ALLOW_CONNECTIONS true CONNECTION LIMIT -1 IS_TEMPLATE false;
    DO \$\$ DECLARE r record; BEGIN
      FOR r IN SELECT DISTINCT datname, $(grantee quote_ident) AS grantee FROM pg_database, aclexplode(COALESCE(datacl, acldefault('d', datdba))) a
        WHERE datname IN ('$SCHEMA', 'postgres') AND a.grantee <> datdba
      LOOP EXECUTE format('REVOKE ALL ON DATABASE %I FROM %s CASCADE', r.datname, r.grantee); END LOOP; END \$\$;
    GRANT CONNECT, TEMPORARY, CREATE ON DATABASE \"$SCHEMA\" TO \"$APP_USER\";
    GRANT CONNECT ON DATABASE postgres TO \"$replication\";
    GRANT CONNECT ON DATABASE \"$SCHEMA\" TO \"$health\", \"evenkeel-beat\"; COMMIT"
}

# grantee FUNCTION: SQL, the name of whom an entry `a` of a list of rights is for, through that function.
grantee() { printf '%s' "CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE $1(pg_get_userbyid(a.grantee)) END"; }

# "public" is the database owner's by default.
give_schema_rights() {
  local health
  health=$(cfg .users.health.name)
  sql_site "BEGIN; ALTER SCHEMA evenkeel OWNER TO postgres;
    DO \$\$ DECLARE r record; BEGIN
      IF EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = 'pg_database_owner') THEN
        ALTER SCHEMA public OWNER TO \"$APP_USER\"; END IF;
      FOR r IN SELECT relname FROM pg_class WHERE relnamespace = 'evenkeel'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) <> 'postgres'
      LOOP EXECUTE format('ALTER TABLE evenkeel.%I OWNER TO postgres', r.relname); END LOOP;
      FOR r IN SELECT DISTINCT onto, $(grantee quote_ident) AS grantee FROM ($(evenkeel_rights)) a WHERE a.grantee <> owner
      LOOP EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', r.onto, r.grantee); END LOOP; END \$\$;
    GRANT USAGE ON SCHEMA evenkeel TO \"$health\", \"evenkeel-beat\";
    GRANT SELECT ON evenkeel.heartbeat TO \"$health\"; GRANT SELECT, UPDATE ON evenkeel.heartbeat TO \"evenkeel-beat\"; COMMIT"
}

# SQL: a row a right in the schema evenkeel: onto what (as REVOKE names it), of what (in words), its owner, and the entry.
# A column's go with its table's.
evenkeel_rights() {
  cat <<'END'
SELECT 'SCHEMA evenkeel' AS onto, 'schema' AS subject, nspowner AS owner, e.grantee, e.privilege_type, e.is_grantable
  FROM pg_namespace, aclexplode(nspacl) e WHERE nspname = 'evenkeel'
UNION ALL SELECT format('evenkeel.%I', relname), relname, relowner, e.grantee, e.privilege_type, e.is_grantable
  FROM pg_class, aclexplode(relacl) e WHERE relnamespace = 'evenkeel'::regnamespace
UNION ALL SELECT format('evenkeel.%I', relname), relname || '.' || attname, relowner, e.grantee, e.privilege_type, e.is_grantable
  FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl) e WHERE relnamespace = 'evenkeel'::regnamespace
END
}
