# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What of the running server differs from its file and from its birth.

# What may be changed while it runs, and is the file's business alone.
readonly LOOKED_AT=(auto_increment_increment auto_increment_offset binlog_format gtid_strict_mode sync_binlog
  innodb_flush_log_at_trx_commit binlog_expire_logs_seconds max_binlog_size slave_net_timeout require_secure_transport
  max_allowed_packet max_connections local_infile)

# Numbers as the server says them; 128M is one.
in_bytes() {
  case $1 in
    *[0-9]M) echo $((${1%M} * 1048576)) ;;
    *[0-9]G) echo $((${1%G} * 1073741824)) ;;
    *) echo "$1" ;;
  esac
}

# Newer settings that wait for a restart are no drift: status says so.
setting_findings() {
  ! restart_needed || return 0
  local name wanted found query=()
  for name in "${LOOKED_AT[@]}"; do query+=("SELECT CONCAT('$name', ' ', @@global.$name);"); done
  while read -r name found; do
    wanted=$(in_bytes "$(sed -n "s/^$name *= *//p" "$SETTINGS")")
    # Of switches CONCAT makes words.
    case $found in ON) found=1 ;; OFF) found=0 ;; esac
    [ "$found" = "$wanted" ] || printf 'variable\t%s\t%s\t%s\n' "$name" "$wanted" "$found"
  done < <(sql "${query[*]}")
}

mend_settings() {
  local name wanted found
  while IFS=$'\t' read -r _ name wanted found; do
    sql "SET GLOBAL $name = '$wanted'" 2>/dev/null || sql "SET GLOBAL $name = $wanted"
  done < <(setting_findings)
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
  local user host
  while IFS=$'\t' read -r user host; do
    printf '%s\t%s\t%s\n' "$user" "$host" "$(found_grants "$user" "$host")"
  done < <(sql "SELECT user, host FROM mysql.user WHERE is_role = 'N' AND (user, host) NOT IN (('root', 'localhost'), ('mysql', 'localhost'), ('mariadb.sys', 'localhost'))
    AND JSON_VALUE((SELECT priv FROM mysql.global_priv g WHERE g.user = mysql.user.user AND g.host = mysql.user.host), '$.account_locked') IS NOT TRUE")
}

found_grants() {
  sql "SHOW GRANTS FOR '$1'@'$2'" |
    sed -E "s/ TO \`[^\`]*\`@\`[^\`]*\`//; s/ IDENTIFIED .* REQUIRE / REQUIRE /; s/ IDENTIFIED .*//" |
    LC_ALL=C sort | paste -sd '|' | sed 's/|/; /g'
}

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

wrong_accounts() {
  local wanted found user host rights other
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
  wrong_passwords
}

# Ours get what birth gave them and no more. Anybody else's is locked, not dropped: somebody made it.
mend_accounts() {
  local kind what wanted found account
  while IFS=$'\t' read -r kind what wanted found; do
    # A name may have an @ of its own, a host has none.
    account="'${what%@*}'@'${what##*@}'"
    case "$kind $found" in
      "grant "*) sql_logged "REVOKE ALL PRIVILEGES, GRANT OPTION FROM $account" ;;
      "account there") sql_logged "ALTER USER $account ACCOUNT LOCK" ;;
    esac
  done < <(wrong_accounts)
  make_contents
}
