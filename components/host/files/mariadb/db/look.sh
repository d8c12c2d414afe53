# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What of the running server differs from its file and from its birth.

# Numbers as the server says them; 128M is one.
in_bytes() {
  case $1 in
    *[0-9]K) echo $((${1%K} * 1024)) ;;
    *[0-9]M) echo $((${1%M} * 1048576)) ;;
    *[0-9]G) echo $((${1%G} * 1073741824)) ;;
    *) echo "$1" ;;
  esac
}

# settings_of FILE: what it says, a line each, in the server's own names. Whether a database is open, and who waits for
# whom, is its role's.
settings_of() {
  local name value
  while read -r name value; do
    case $name in
      read_only | skip_slave_start | rpl_semi_sync_*) continue ;;
      default_time_zone) name=time_zone ;;
    esac
    printf '%s %s\n' "$name" "$(in_bytes "$value")"
  done < <(sed -nE "s/^([a-z_]+) *= *'?([^']*)'?$/\1 \2/p" "$1")
}

# What may be changed while the server runs, as it has it: switches are 1 or 0.
running_settings() {
  sql "SELECT LOWER(VARIABLE_NAME), IF(VARIABLE_TYPE = 'BOOLEAN', GLOBAL_VALUE = 'ON', GLOBAL_VALUE)
    FROM information_schema.SYSTEM_VARIABLES WHERE READ_ONLY = 'NO' AND GLOBAL_VALUE IS NOT NULL"
}

# A setting that is newer than the server's start waits for a restart, and status says so: no drift.
setting_findings() {
  local name value rows begun=$SETTINGS
  local -A found=() at_start=()
  [ ! -e "$STARTED_WITH" ] || begun=$STARTED_WITH
  rows=$(running_settings)
  while IFS=$'\t' read -r name value; do found[$name]=$value; done <<<"$rows"
  while read -r name value; do at_start[$name]=$value; done < <(settings_of "$begun")
  while read -r name value; do
    if [ -n "${found[$name]+there}" ] && [ "${at_start[$name]-}" = "$value" ] && [ "${found[$name]}" != "$value" ]; then
      printf 'variable\t%s\t%s\t%s\n' "$name" "$value" "${found[$name]}"
    fi
  done < <(settings_of "$SETTINGS")
}

# In the file's order: a character set brings its own collation, so that comes after it.
mend_settings() {
  local name wanted findings
  findings=$(setting_findings)
  while IFS=$'\t' read -r _ name wanted _; do
    [ -n "$name" ] || continue
    [[ $wanted =~ ^[0-9]+$ ]] || wanted=$(quoted "$wanted")
    sql "SET GLOBAL $name = $wanted" || log "$name can't be set while the server runs"
  done <<<"$findings"
}

# quoted TEXT: as an SQL string literal.
quoted() {
  local text=${1//\\/\\\\}
  printf "'%s'" "${text//\'/\'\'}"
}

# Accounts, a line each: user, host, and what it may do (SHOW GRANTS, without how it proves itself), in one order.
wanted_accounts() {
  local key host
  for key in app health replication; do
    while read -r host; do
      [ -n "$host" ] && printf '%s\t%s\t%s\n' "$(cfg ".users.$key.name")" "$host" "$(grants_of "$key")"
    done < <(account_hosts "$(networks_of "$key")")
  done
  # shellcheck disable=SC2016 # backquotes of SQL
  printf 'evenkeel-beat\tlocalhost\tGRANT SELECT, UPDATE ON `evenkeel`.`heartbeat`; GRANT USAGE ON *.*\n'
}

networks_of() { if [ "$1" = replication ]; then echo .peeringNetwork; else echo .webNetworks; fi; }

# shellcheck disable=SC2016 # backquotes of SQL
grants_of() {
  case $1 in
    app) printf 'GRANT ALL PRIVILEGES ON `%s`.*; GRANT USAGE ON *.* REQUIRE SSL' "${SCHEMA//_/\\_}" ;;
    health) printf 'GRANT SELECT ON `evenkeel`.`heartbeat`; GRANT USAGE ON *.* REQUIRE SSL' ;;
    replication) printf 'GRANT REPLICATION SLAVE ON *.* REQUIRE SSL' ;;
  esac
}

# The server's own are not ours to judge.
found_accounts() {
  local user host accounts
  accounts=$(sql "SELECT user, host FROM mysql.user WHERE is_role = 'N' AND (user, host) NOT IN (('root', 'localhost'), ('mysql', 'localhost'), ('mariadb.sys', 'localhost'))
    AND JSON_VALUE((SELECT priv FROM mysql.global_priv g WHERE g.user = mysql.user.user AND g.host = mysql.user.host), '$.account_locked') IS NOT TRUE")
  while IFS=$'\t' read -r user host; do
    [ -z "$user$host" ] || printf '%s\t%s\t%s\n' "$user" "$host" "$(found_grants "$user" "$host")"
  done <<<"$accounts"
}

found_grants() {
  sql "SHOW GRANTS FOR $(quoted "$1")@$(quoted "$2")" |
    sed -E -e "s/ TO \`[^\`]*\`@\`[^\`]*\`//" -e '/ IDENTIFIED .* REQUIRE /{s// REQUIRE /;b' -e '}' \
      -e '/ IDENTIFIED .* WITH /{s// WITH /;b' -e '}' -e 's/ IDENTIFIED .*//' |
    in_one_line
}

in_one_line() { LC_ALL=C sort | paste -sd '|' | sed 's/|/; /g'; }

# What everybody may do, whoever it is: nothing.
public_grants() { sql 'SHOW GRANTS FOR PUBLIC' | sed 's/ TO PUBLIC//; /^GRANT USAGE ON \*\.\*$/d' | in_one_line; }

# Whose way to prove itself is another than birth gave. The server compares: no password and no hash leaves it. One that
# is locked is found as missing.
wrong_passwords() {
  local key hosts
  for key in app health replication; do
    hosts=$(account_hosts "$(networks_of "$key")" | sed "s/.*/'&'/" | paste -sd ,)
    cat <<SQL
SELECT CONCAT('account\t', user, '@', host, '\tits password as birth gave it\tanother password') FROM mysql.global_priv
  WHERE user = $(sql_literal ".users.$key.name") AND host IN ($hosts) AND JSON_VALUE(priv, '$.account_locked') IS NOT TRUE
    AND (JSON_VALUE(priv, '$.plugin') = 'mysql_native_password' AND NOT JSON_EXISTS(priv, '$.auth_or')
      AND JSON_VALUE(priv, '$.authentication_string') = PASSWORD($(sql_literal ".users.$key.password"))) IS NOT TRUE;
SQL
  done | sql_secret
}

# Nobody is there to choose a new password where one has expired. The heartbeat has none at all.
other_ways_in() {
  local names
  names=$(for key in app health replication; do sql_literal ".users.$key.name"; done | paste -sd ,)
  sql "SELECT CONCAT('account\t', user, '@', host, '\ta password that does not expire\tan expired or expiring one') FROM mysql.global_priv
      WHERE user IN ($names, 'evenkeel-beat') AND JSON_VALUE(priv, '\$.account_locked') IS NOT TRUE
        AND (JSON_VALUE(priv, '\$.password_last_changed') = 0 OR JSON_VALUE(priv, '\$.password_lifetime') > 0);
    SELECT CONCAT('account\t', user, '@', host, '\tlet in by its system user alone\tlet in otherwise') FROM mysql.global_priv
      WHERE user = 'evenkeel-beat' AND host = 'localhost' AND JSON_VALUE(priv, '\$.account_locked') IS NOT TRUE
        AND (JSON_VALUE(priv, '\$.plugin') = 'unix_socket' AND NOT JSON_EXISTS(priv, '\$.auth_or')) IS NOT TRUE"
}

wrong_accounts() {
  local wanted found public user host rights other
  wanted=$(wanted_accounts)
  found=$(found_accounts)
  while IFS=$'\t' read -r user host rights; do
    [ -n "$user" ] || continue
    other=$(awk -F '\t' -v u="$user" -v h="$host" '$1 == u && $2 == h { print "x" $3 }' <<<"$found")
    if [ -z "$other" ]; then
      printf 'account\t%s@%s\tthere\tmissing\n' "$user" "$host"
    elif [ "${other#x}" != "$rights" ]; then
      printf 'grant\t%s@%s\t%s\t%s\n' "$user" "$host" "$rights" "${other#x}"
    fi
  done <<<"$wanted"
  while IFS=$'\t' read -r user host rights; do
    [ -n "$user$host" ] || continue
    awk -F '\t' -v u="$user" -v h="$host" '$1 == u && $2 == h { known = 1 } END { exit known }' <<<"$wanted" || continue
    printf 'account\t%s@%s\tno such account, or a locked one\tthere\n' "$user" "$host"
  done <<<"$found"
  public=$(public_grants)
  [ -z "$public" ] || printf 'grant\tPUBLIC\tnothing\t%s\n' "$public"
  wrong_passwords
  other_ways_in
}

# Without a login of its own nothing can be looked at, and a restart changes nothing about it: it only closes the database.
administrator_findings() {
  local found=refuses
  spare_client <<<'DO 1' 2>/dev/null || found='refuses, as does mysql@localhost: only a new start with --init-file can mend it, which closes the database'
  printf "account\troot@localhost\tlets the host's root in\t%s\n" "$found"
}

# A standby gets its accounts by the writer's statements, so that somebody could add to them there.
standby_has_own_accounts() { true; }

# account_of WHAT: a name may have an @ of its own, a host has none.
account_of() { printf '%s@%s' "$(quoted "${1%@*}")" "$(quoted "${1##*@}")"; }

# Ours get what birth gave them and no more. Anybody else's is locked, not dropped: somebody made it.
mend_accounts() {
  local kind what found findings
  findings=$(wrong_accounts)
  while IFS=$'\t' read -r kind what _ found; do
    case "$kind $what $found" in
      "grant PUBLIC "*) sql_logged 'REVOKE ALL PRIVILEGES, GRANT OPTION FROM PUBLIC' ;;
      "grant "*) take_all_from "$what" ;;
      "account "*" there") sql_logged "ALTER USER $(account_of "$what") ACCOUNT LOCK" ;;
    esac
  done <<<"$findings"
  make_contents
}

# take_all_from WHAT: to revoke "all" takes neither what it may pass for, nor the role that it begins with.
take_all_from() {
  local account proxies
  account=$(account_of "$1")
  proxies=$(sql "SELECT CONCAT('REVOKE PROXY ON ', QUOTE(Proxied_user), '@', QUOTE(Proxied_host), ' FROM ', QUOTE(User), '@', QUOTE(Host), ';')
    FROM mysql.proxies_priv WHERE User = $(quoted "${1%@*}") AND Host = $(quoted "${1##*@}")")
  sql_logged "SET DEFAULT ROLE NONE FOR $account; $proxies REVOKE ALL PRIVILEGES, GRANT OPTION FROM $account"
}

# On a standby, outside of its history: somebody else's is locked there too, which no statement of the writer's trips
# over. Ours may be what the writer says next, so they are only named.
mend_standby_accounts() {
  local what found findings
  findings=$(wrong_accounts)
  while IFS=$'\t' read -r _ what _ found; do
    if [ "$found" = there ] && ! is_our_name "${what%@*}"; then
      sql "ALTER USER IF EXISTS $(account_of "$what") ACCOUNT LOCK"
    fi
  done <<<"$findings"
}

is_our_name() { [ "$1" = evenkeel-beat ] || jq -e --arg name "$1" 'any(.users[]; .name == $name)' "$CONFIG" >/dev/null; }
