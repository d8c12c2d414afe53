# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Role "mariadb": an empty, un-joined, read-only database with its packet filter, its accounts for the other regions,
# and evenkeel-db. Its files were written before this runs, so the server's first start already reads them.
readonly CNF=/etc/mysql/mariadb.conf.d/60-evenkeel.cnf UNIT=mariadb.service
readonly DROP_IN=/etc/systemd/system/$UNIT.d/evenkeel.conf

asked() { mariadb --no-defaults --protocol=socket --socket=/run/mysqld/mysqld.sock --batch --skip-column-names -e "$1"; }

# What a running server takes without a restart.
apply_settings() {
  if systemctl is-active --quiet "$UNIT"; then
    if changed /etc/evenkeel/database.nft; then evenkeel-db firewall --deadline 10; fi
    if tls_changed; then asked "FLUSH LOCAL SSL"; fi
  fi
  if changed "$CNF" "$DROP_IN"; then restart_unless_active; fi
  apply_beside
}

enable_start() { systemctl enable -q "$UNIT"; }

# setting NAME: what the file asks for, in the server's own notation.
setting() { sed -n "s/^$1 *= *//p" "$CNF"; }

# The running server must hold what the file says, unless it waits for its restart.
check() {
  local status name running
  status=$(evenkeel-db status --deadline 10)
  jq -e '.running and (.restartNeeded | not)' <<<"$status" >/dev/null || return 0
  for name in server_id auto_increment_increment auto_increment_offset binlog_format log_slave_updates gtid_strict_mode \
    sync_binlog innodb_flush_log_at_trx_commit require_secure_transport skip_name_resolve max_connections; do
    running=$(asked "SELECT @@global.$name")
    [ "$running" = "$(setting "$name")" ] || die "mariadb runs with $name=$running, the file says $(setting "$name")"
  done
  [ "$(asked 'SELECT @@global.log_bin')" = 1 ] || die "mariadb runs without a binary log"
  [ "$(jq -r '.role' <<<"$status")" = active ] || [ "$(asked 'SELECT @@global.read_only')" = 1 ] || die "a database that is not the active one is writable"
}

secure_ssh
make_users mysql /nonexistent /bin/false
own_files mysql
install -d -m 2750 -o mysql -g adm /var/log/mysql
install_packages jq nftables
if changed "$DROP_IN" "${UNITS[@]}"; then systemctl daemon-reload; fi
install_packages mariadb-server mariadb-backup mariadb-client
apply_settings
start asked "DO 1"
check
wants unit "$UNIT" enabled active while-open
# A server reads its files when it starts: of an active one nothing is restarted for them.
wants folder /etc/mysql "$UNIT" none
print_facts mariadb-server
