# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What of the running server differs from its file and from its birth.

# What the files say and the server does not have: another file or ALTER SYSTEM overrules it, which evenkeel-db never
# says (writer.md, W12), so all that stands in its file is somebody's. Asked from the files: a session of ours has values
# of its own. Newer settings that wait for a restart are no drift: status says so.
setting_findings() {
  sql "WITH files AS (SELECT f.*, sourcefile LIKE '%/postgresql.auto.conf' AS by_hand FROM pg_file_settings f WHERE name IS NOT NULL)
    SELECT $(variable_line name "COALESCE(NULLIF(last_of.wanted, ''), 'its default')" found) FROM (
      SELECT DISTINCT ON (name) name, setting AS found FROM files WHERE by_hand ORDER BY name, seqno DESC) hand
      LEFT JOIN LATERAL (SELECT setting AS wanted FROM files WHERE files.name = hand.name AND NOT by_hand ORDER BY seqno DESC LIMIT 1) last_of ON true
    UNION ALL SELECT $(variable_line f.name f.setting 'COALESCE(last_of.found, s.reset_val)') FROM files f JOIN pg_settings s USING (name)
      LEFT JOIN LATERAL (SELECT setting AS found FROM files WHERE files.name = f.name AND applied ORDER BY seqno DESC LIMIT 1) last_of ON true
    WHERE (f.sourcefile LIKE '%/60-evenkeel.conf' OR f.sourcefile = '$OWN_CONF') AND NOT f.applied AND NOT s.pending_restart
      AND NOT EXISTS (SELECT FROM files WHERE files.name = f.name AND by_hand)"
}

# one_word SQL: what may hold any character as one field of a line.
one_word() { printf '%s' "translate($1, E'\t\n\r', '   ')"; }

# variable_line NAME WANTED FOUND: three SQL texts as one finding.
variable_line() { printf "format(E'variable\\t%%s\\t%%s\\t%%s', %s, %s, %s)" "$(one_word "$1")" "$(one_word "$2")" "$(one_word "$3")"; }

mend_settings() {
  no_setting_found || sql 'ALTER SYSTEM RESET ALL'
  sql 'SELECT pg_reload_conf()' >/dev/null
  within 5 wait_for no_setting_found || :
}

no_setting_found() { [ -z "$(setting_findings)" ]; }

# Roles, a line each: name and attributes.
wanted_roles() {
  printf '%s\tlogin\n' "$(cfg .users.app.name)" "$(cfg .users.health.name)"
  printf 'evenkeel-beat\tlogin inherit\n'
  printf '%s\tlogin replication\n' "$(cfg .users.replication.name)"
}

# All but the server's own.
found_roles() {
  sql "SELECT $(one_word rolname) || E'\t' || concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
      CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcreaterole THEN 'createrole' END,
      CASE WHEN rolbypassrls THEN 'bypassrls' END, CASE WHEN rolinherit THEN 'inherit' END,
      CASE WHEN rolconnlimit <> -1 THEN 'connections=' || rolconnlimit END,
      CASE WHEN rolvaliduntil < 'infinity' THEN 'until=' || rolvaliduntil END) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' ORDER BY rolname"
}

# What there is to compare beside roles, a line each: kind, of what, and a word on it.
wanted_facts() {
  local health rewinds
  health=$(cfg .users.health.name)
  rewinds=("${REWIND_FUNCTIONS[@]}")
  printf 'grant\tdatabase %s\t%s\n' "$SCHEMA" "owner postgres" "$SCHEMA" "$APP_USER CONNECT" "$SCHEMA" "$APP_USER CREATE" \
    "$SCHEMA" "$APP_USER TEMPORARY" "$SCHEMA" "$health CONNECT" "$SCHEMA" "evenkeel-beat CONNECT" postgres "owner postgres" \
    postgres "$(cfg .users.replication.name) CONNECT"
  printf "grant\t$(cfg .users.replication.name)\texecutes %s\n" "${rewinds[@]}"
  site_is_closed ||
    printf 'grant\tevenkeel\t%s\n' "schema owner postgres" "schema $health USAGE" "schema evenkeel-beat USAGE" "heartbeat $health SELECT" \
      "heartbeat evenkeel-beat SELECT" "heartbeat evenkeel-beat UPDATE"
}

found_facts() {
  database_facts
  rewind_facts
  bond_facts
  set_facts
  site_is_closed || schema_facts
}

# A database that takes no connections takes none of the administrator's.
site_is_closed() { [ "$(sql "SELECT datallowconn FROM pg_database WHERE datname = '$SCHEMA'")" = f ]; }

# fact KIND WHAT WORD: three SQL texts as the one of a line.
fact() { printf "'%s' || E'\\\\t' || %s || E'\\\\t' || %s" "$1" "$(one_word "$2")" "$(one_word "$3")"; }

# SQL: an entry of a list of rights in words.
entry() { printf '%s' "$(grantee '') || ' ' || a.privilege_type || CASE WHEN a.is_grantable THEN ', to be given on' ELSE '' END"; }

database_facts() {
  sql "WITH ours AS (SELECT * FROM pg_database WHERE datname IN ('$SCHEMA', 'postgres'))
    SELECT $(fact grant "'database ' || datname" "'owner ' || pg_get_userbyid(datdba)") FROM ours
    UNION ALL SELECT $(fact grant "'database ' || datname" "'takes no connections'") FROM ours WHERE NOT datallowconn
    UNION ALL SELECT $(fact grant "'database ' || datname" "'takes ' || datconnlimit || ' connections'") FROM ours WHERE datconnlimit <> -1
    UNION ALL SELECT $(fact grant "'database ' || datname" "'is a template'") FROM ours WHERE datistemplate
    UNION ALL SELECT $(fact grant "'database ' || datname" "$(entry)") FROM ours, aclexplode(COALESCE(datacl, acldefault('d', datdba))) a WHERE a.grantee <> datdba"
}

# Whoever may call what pg_rewind calls, in the database "postgres".
rewind_facts() {
  sql "SELECT $(fact grant "$(grantee '')" "'executes ' || proname || '(' || oidvectortypes(proargtypes) || ')'") FROM pg_proc, aclexplode(proacl) a
    WHERE pg_proc.oid IN ($(rewind_functions)) AND a.grantee <> proowner"
}

# Birth makes no role a member of another.
bond_facts() {
  sql "SELECT DISTINCT $(fact grant "pg_get_userbyid(member)" "'member of ' || pg_get_userbyid(roleid)") FROM pg_auth_members
    WHERE pg_get_userbyid(member) !~ '^pg_'"
}

# Nor sets anything for a role or a database.
set_facts() {
  sql "SELECT $(fact variable "split_part(entry, '=', 1) || $SET_FOR" "substr(entry, strpos(entry, '=') + 1)")
    FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase, unnest(setconfig) AS entry"
}

readonly SET_FOR="CASE WHEN setrole <> 0 THEN ' of ' || pg_get_userbyid(setrole) ELSE '' END || CASE WHEN setdatabase <> 0 THEN ' in database ' || datname ELSE '' END"

# What the application may do in schemas of its own is its own business.
schema_facts() {
  sql_site "SELECT $(fact grant "'evenkeel'" "'schema owner ' || pg_get_userbyid(nspowner)") FROM pg_namespace WHERE nspname = 'evenkeel'
    UNION ALL SELECT $(fact grant nspname "'owner pg_database_owner'") FROM pg_namespace WHERE nspname = 'public' AND pg_get_userbyid(nspowner) = 'pg_database_owner'
    UNION ALL SELECT $(fact grant "'evenkeel'" "relname || ' owner ' || pg_get_userbyid(relowner)") FROM pg_class
      WHERE relnamespace = 'evenkeel'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) <> 'postgres'
    UNION ALL SELECT $(fact grant "'evenkeel'" "subject || ' ' || $(entry)") FROM ($(evenkeel_rights)) a WHERE a.grantee <> owner"
}

wrong_facts() {
  local wanted found
  wanted=$(wanted_facts)
  found=$(found_facts)
  jq -rn --arg wanted "$wanted" --arg found "$found" '
    def facts: split("\n") | map(select(. != "") | split("\t"));
    def words: map(.[2]) | unique | if . == [] then "nothing else" else join("; ") end;
    ($wanted | facts) as $wanted | ($found | facts) as $found
    | [($wanted - $found)[] + ["wanted"], ($found - $wanted)[] + ["found"]] | group_by(.[:2])[]
    | .[0][:2] + [map(select(.[3] == "wanted")) | words] + [map(select(.[3] == "found")) | words] | join("\t")'
}

# Whose password is another than birth gave: what the server keeps of it (RFC 5802, section 3; one block of PBKDF2) is
# reckoned from ours. By standard input, and nothing of either is told.
wrong_passwords() {
  local key name kept status
  for key in app health replication; do
    name=$(cfg ".users.$key.name")
    kept=$(sql "SELECT rolpassword FROM pg_authid WHERE rolname = '$name' AND rolcanlogin")
    status=0
    { printf '%s\n' "$kept" && jq -c ".users.$key.password" "$CONFIG"; } | tied python3 -I -c "$SAME_PASSWORD" || status=$?
    case $status in
      0) ;;
      3) [ -z "$(sql "SELECT 1 FROM pg_roles WHERE rolname = '$name' AND rolcanlogin")" ] ||
        printf 'account\t%s\tits password as birth gave it\tanother password\n' "$name" ;;
      *) fail "the password of $name can't be compared" ;;
    esac
  done
}

# Ends with 3 where it is another. A host has python3-minimal, which knows neither hmac nor all of hashlib.
# shellcheck disable=SC2016 # dollars of Python's
readonly SAME_PASSWORD='
import base64, hashlib, json, re, sys
kept, password = sys.stdin.readline().strip(), json.loads(sys.stdin.readline())
shape = re.fullmatch(r"SCRAM-SHA-256\$([0-9]{1,6}):([^$:]+)\$([^$:]+):[^$:]+", kept)
if shape is None:
    sys.exit(3)
# The server normalizes a password that is no plain ASCII (SASLprep), and takes it as it is where it can not.
forms = [password]
if not password.isascii():
    import unicodedata
    forms.append(unicodedata.normalize("NFKC", password))
def hmac(key):
    key = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (hashlib.sha256(bytes(byte ^ pad for byte in key)) for pad in (54, 92))
    def of(data):
        first, second = inner.copy(), outer.copy()
        first.update(data)
        second.update(first.digest())
        return second.digest()
    return of
def stored(form):
    mac = hmac(form.encode())
    block = mac(base64.b64decode(shape[2]) + b"\0\0\0\1")
    salted = int.from_bytes(block, "big")
    for _ in range(int(shape[1]) - 1):
        block = mac(block)
        salted ^= int.from_bytes(block, "big")
    return hashlib.sha256(hmac(salted.to_bytes(32, "big"))(b"Client Key")).digest()
sys.exit(0 if base64.b64decode(shape[3]) in map(stored, forms) else 3)'

wrong_accounts() {
  wrong_roles
  wrong_facts
  wrong_passwords
}

wrong_roles() {
  local wanted found name rights other
  wanted=$(wanted_roles)
  found=$(found_roles)
  while IFS=$'\t' read -r name rights; do
    other=$(awk -F '\t' -v n="$name" '$1 == n { print "x" $2 }' <<<"$found")
    if [ -z "$other" ]; then
      printf 'account\t%s\tthere\tmissing\n' "$name"
    elif [[ " $other " != " xlogin"* ]]; then
      printf 'account\t%s\tthere\tmay not log in\n' "$name"
    elif [ "${other#x}" != "$rights" ]; then
      printf 'grant\t%s\t%s\t%s\n' "$name" "$rights" "${other#x}"
    fi
  done <<<"$wanted"
  while IFS=$'\t' read -r name rights; do
    [[ " $rights " == *" login "* || " $rights " == *" superuser "* ]] || continue
    awk -F '\t' -v n="$name" '$1 == n { known = 1 } END { exit known }' <<<"$wanted" || continue
    printf 'account\t%s\tno such account, or one that may not log in\t%s\n' "$name" "$rights"
  done <<<"$found"
}

# Ours get what birth gave them and no more. Anybody else's may neither log in any more nor be a superuser: somebody made
# it. Found and mended by the server alone, since a name may hold any character.
mend_accounts() {
  sql "DO \$\$ DECLARE r record; BEGIN
    FOR r IN SELECT rolname FROM pg_roles WHERE (rolcanlogin OR rolsuper) AND rolname !~ '^pg_' AND rolname <> 'postgres' AND rolname NOT IN ($(our_roles))
    LOOP EXECUTE format('ALTER ROLE %I NOLOGIN NOSUPERUSER', r.rolname); END LOOP;
    FOR r IN SELECT pg_get_userbyid(roleid) AS role, pg_get_userbyid(member) AS member, pg_get_userbyid(grantor) AS grantor FROM pg_auth_members
      WHERE pg_get_userbyid(member) !~ '^pg_'
    LOOP EXECUTE format('REVOKE %I FROM %I GRANTED BY %I CASCADE', r.role, r.member, r.grantor); END LOOP;
    FOR r IN SELECT setrole, pg_get_userbyid(setrole) AS role, datname FROM pg_db_role_setting LEFT JOIN pg_database d ON d.oid = setdatabase
    LOOP EXECUTE CASE WHEN r.setrole = 0 AND r.datname IS NOT NULL THEN format('ALTER DATABASE %I RESET ALL', r.datname)
      ELSE format('ALTER ROLE %s %s RESET ALL', CASE r.setrole WHEN 0 THEN 'ALL' ELSE quote_ident(r.role) END,
        COALESCE('IN DATABASE ' || quote_ident(r.datname), '')) END; END LOOP; END \$\$"
  make_accounts
  make_schema
}

# As SQL literals.
our_roles() {
  printf '%s, ' "$(sql_literal .users.app.name)" "$(sql_literal .users.health.name)" "$(sql_literal .users.replication.name)"
  printf '%s' "'evenkeel-beat'"
}
