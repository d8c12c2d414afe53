# shellcheck shell=bash
# Role "mariadb": an empty, un-joined, read-only database with its packet filter, its accounts for the other regions,
# and evenkeel-db. Its files were written before this runs, so the server's first start already reads them.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly CNF=/etc/mysql/mariadb.conf.d/60-evenkeel.cnf DROP_IN=/etc/systemd/system/mariadb.service.d/evenkeel.conf
readonly UNITS=(/etc/systemd/system/evenkeel-db-boot.service /etc/systemd/system/evenkeel-heartbeat.service)

# The package would make the user mysql itself, but too late: its first start needs the key and the log directory.
make_users() {
  getent passwd mysql >/dev/null || useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /bin/false mysql
  getent passwd evenkeel-beat >/dev/null || useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin evenkeel-beat
  # A forced command is run by the login shell, so this user needs one; it has no password.
  getent passwd evenkeel-peer >/dev/null || useradd --system --user-group --home-dir /var/lib/evenkeel-peer --no-create-home --shell /bin/sh --password '*' evenkeel-peer
}

own_files() {
  install -d -m 0755 /var/lib/evenkeel
  install -d -m 2750 -o mysql -g adm /var/log/mysql
  chown root:mysql /etc/evenkeel/tls/database-key.pem
  visudo -cqf /etc/sudoers.d/evenkeel-peer || die "the sudoers file of evenkeel-peer is not valid"
}

asked() { mariadb --no-defaults --protocol=socket --socket=/run/mysqld/mysqld.sock --batch --skip-column-names -e "$1"; }

# New settings reach a standby by a restart now; the active database only says that it needs one (writer.md, W1).
apply_settings() {
  if systemctl is-active --quiet mariadb; then
    if changed /etc/evenkeel/database.nft; then evenkeel-db firewall --deadline 10; fi
    if changed /etc/evenkeel/tls/database.pem /etc/evenkeel/tls/database-key.pem /etc/evenkeel/tls/ca.pem; then
      asked "FLUSH LOCAL SSL"
    fi
  fi
  if changed "$CNF" && wants_restart; then restart_unless_active; fi
  if changed "${UNITS[@]}" /usr/local/sbin/evenkeel-db; then systemctl try-restart evenkeel-heartbeat; fi
}

# Only a standby wants one; a status that can't be had is an error, never "no".
wants_restart() {
  local status
  status=$(evenkeel-db status --deadline 10) || die "evenkeel-db status fails"
  jq -e '.role != "active" and .restartNeeded' <<<"$status" >/dev/null
}

# Whoever held the lock may have made this database the active one, or have restarted it: asked again under the lock.
restart_unless_active() {
  exec 8>/run/evenkeel-db.lock
  flock -w 120 8 || die "another evenkeel-db verb holds /run/evenkeel-db.lock"
  if wants_restart; then
    systemctl restart mariadb || die "mariadb does not restart: see journalctl -u mariadb"
  fi
  exec 8>&-
}

# A masked unit was fenced: bringing it back is not this script's business.
start() {
  [ "$(systemctl is-enabled mariadb 2>/dev/null)" = masked ] && return 0
  systemctl enable -q mariadb
  systemctl is-active --quiet mariadb || systemctl start mariadb || die "mariadb does not start: see journalctl -u mariadb"
  wait_until 60 asked "DO 1" || die "mariadb does not answer"
}

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

print_facts() {
  evenkeel-db status --deadline 10 | jq -c --arg package "$(dpkg-query -W -f '${Version}' mariadb-server)" \
    '{engine, version, package: $package, serverId, role, epoch, running, restartNeeded, machineId}'
}

secure_ssh
make_users
own_files
install_packages jq nftables
if changed "$DROP_IN" "${UNITS[@]}"; then systemctl daemon-reload; fi
install_packages mariadb-server mariadb-backup mariadb-client
apply_settings
start
check
wants unit mariadb.service enabled active while-open
print_facts
