# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What of the running server differs from its file and from its birth.

# What the file says and the server does not have: another file, ALTER SYSTEM or a command line overrules it. Newer
# settings that wait for a restart are no drift: status says so.
setting_findings() {
  sql "SELECT format(E'variable\t%s\t%s\t%s', f.name, f.setting, current_setting(f.name)) FROM pg_file_settings f JOIN pg_settings s USING (name)
    WHERE f.sourcefile LIKE '%/60-evenkeel.conf' AND NOT f.applied AND NOT s.pending_restart"
}

# What evenkeel-db never writes, since it never says ALTER SYSTEM (writer.md, W12).
mend_settings() {
  local name
  while IFS=$'\t' read -r _ name _; do sql "ALTER SYSTEM RESET \"$name\""; done < <(setting_findings)
  sql 'SELECT pg_reload_conf()' >/dev/null
  wait_for no_setting_found || :
}

no_setting_found() { [ -z "$(setting_findings)" ]; }

# Roles, a line each: name and attributes; and who may do what in the site's database beyond its owner.
wanted_roles() {
  printf '%s\tlogin\n' "$(cfg .users.app.name)" "$(cfg .users.health.name)" evenkeel-beat
  printf '%s\tlogin replication\n' "$(cfg .users.replication.name)"
}

found_roles() {
  sql "SELECT rolname || E'\t' || concat_ws(' ', CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolreplication THEN 'replication' END,
      CASE WHEN rolsuper THEN 'superuser' END, CASE WHEN rolcreatedb THEN 'createdb' END, CASE WHEN rolcreaterole THEN 'createrole' END,
      CASE WHEN rolbypassrls THEN 'bypassrls' END) FROM pg_roles WHERE rolname !~ '^pg_' AND rolname <> 'postgres' AND rolcanlogin ORDER BY rolname"
}

wanted_grants() {
  local health
  health=$(cfg .users.health.name)
  printf '%s\n' "$health SELECT" "evenkeel-beat SELECT" "evenkeel-beat UPDATE" | LC_ALL=C sort | paste -sd ','
}

found_grants() {
  sql_site "SELECT grantee || ' ' || privilege_type FROM information_schema.role_table_grants
    WHERE table_schema = 'evenkeel' AND grantee <> 'postgres'" | LC_ALL=C sort | paste -sd ','
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
  local wanted found name rights other
  wanted=$(wanted_roles)
  found=$(found_roles)
  while IFS=$'\t' read -r name rights; do
    other=$(awk -F '\t' -v n="$name" '$1 == n { print "x" $2 }' <<<"$found")
    if [ -z "$other" ]; then
      printf 'account\t%s\tthere\tmissing\n' "$name"
    elif [ "${other#x}" != "$rights" ]; then
      printf 'grant\t%s\t%s\t%s\n' "$name" "$rights" "${other#x}"
    fi
  done <<<"$wanted"
  while IFS=$'\t' read -r name rights; do
    [ -n "$name" ] || continue
    awk -F '\t' -v n="$name" '$1 == n { known = 1 } END { exit known }' <<<"$wanted" || continue
    printf 'account\t%s\tno such account, or one that may not log in\tthere\n' "$name"
  done <<<"$found"
  wanted=$(wanted_grants)
  found=$(found_grants)
  [ "$wanted" = "$found" ] || printf 'grant\tevenkeel\t%s\t%s\n' "$wanted" "${found:-none}"
  wrong_passwords
}

# Ours get what birth gave them and no more. Anybody else's may not log in any more: somebody made it.
mend_accounts() {
  local kind what wanted found
  while IFS=$'\t' read -r kind what wanted found; do
    case "$kind $what $found" in
      "grant evenkeel "*) sql_site "DO \$\$ DECLARE r record; BEGIN
          FOR r IN SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = 'evenkeel' AND grantee <> 'postgres'
          LOOP EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA evenkeel FROM %s', CASE r.grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(r.grantee) END); END LOOP; END \$\$" ;;
      "grant "*) sql "ALTER ROLE \"$what\" NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS" ;;
      "account "*" there") sql "ALTER ROLE \"$what\" NOLOGIN" ;;
    esac
  done < <(wrong_accounts)
  make_accounts
  make_schema
}
