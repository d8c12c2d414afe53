# shellcheck shell=bash
# Role "postgresql": an empty, un-joined, read-only database with its packet filter, its accounts for the other
# regions, and evenkeel-db, which alone starts it (its cluster is "manual").
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly CONF=/etc/evenkeel/postgresql.conf HBA=/etc/evenkeel/pg_hba.conf OWN=/var/lib/evenkeel/postgresql
readonly UNIT=postgresql@17-main.service CLUSTER_CONF=/etc/postgresql/17/main
readonly DROP_IN=/etc/systemd/system/$UNIT.d/evenkeel.conf
readonly UNITS=(/etc/systemd/system/evenkeel-db-boot.service /etc/systemd/system/evenkeel-heartbeat.service)

# The package would make the user postgres itself, but too late: its files belong to that group.
make_users() {
  getent passwd postgres >/dev/null || useradd --system --user-group --home-dir /var/lib/postgresql --no-create-home --shell /bin/bash postgres
  getent passwd evenkeel-beat >/dev/null || useradd --system --user-group --home-dir /nonexistent --no-create-home --shell /usr/sbin/nologin evenkeel-beat
  # A forced command is run by the login shell, so this user needs one; it has no password.
  getent passwd evenkeel-peer >/dev/null || useradd --system --user-group --home-dir /var/lib/evenkeel-peer --no-create-home --shell /bin/sh --password '*' evenkeel-peer
}

own_files() {
  install -d -m 0755 /var/lib/evenkeel
  install -d -m 0755 "$OWN"
  # Before the first verb has run, nobody is followed.
  [ -e "$OWN/role.conf" ] || printf '# Written by evenkeel-db alone.\n# follows: nobody\n' >"$OWN/role.conf"
  chown root:postgres /etc/evenkeel/tls/database-key.pem "$HBA"
  visudo -cqf /etc/sudoers.d/evenkeel-peer || die "the sudoers file of evenkeel-peer is not valid"
}

# A database in recovery refuses to start with fewer senders than it had last, and initdb's own number is 10.
make_cluster() {
  [ -e "$CLUSTER_CONF/postgresql.conf" ] ||
    pg_createcluster 17 main --start-conf=manual -- --data-checksums --encoding=UTF8 --locale=C.UTF-8 \
      --set "max_wal_senders=$(sed -n 's/^max_wal_senders = //p' "$CONF")" >&2 ||
    die "the cluster can't be made"
  ln -sfn "$CONF" "$CLUSTER_CONF/conf.d/60-evenkeel.conf"
}

asked() { runuser -u postgres -- psql -X -q -A -t -h /var/run/postgresql -d postgres -c "$1"; }

# New settings reach a standby by a restart now; the active database only says that it needs one (writer.md, W1).
apply_settings() {
  systemctl is-active --quiet "$UNIT" || return 0
  if changed /etc/evenkeel/database.nft; then evenkeel-db firewall --deadline 10; fi
  if changed "$CONF" "$HBA" /etc/evenkeel/tls/database.pem /etc/evenkeel/tls/database-key.pem /etc/evenkeel/tls/ca.pem; then
    asked "SELECT pg_reload_conf()" >&2
    sleep 0.5
  fi
  if changed "$CONF" && wants_restart; then restart_unless_active; fi
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
    systemctl restart "$UNIT" || die "postgresql does not restart: see journalctl -u $UNIT"
  fi
  exec 8>&-
}

# A masked unit was fenced: bringing it back is not this script's business.
start() {
  [ "$(systemctl is-enabled "$UNIT" 2>/dev/null)" = masked ] && return 0
  systemctl disable -q postgresql.service
  systemctl enable -q evenkeel-db-boot.service
  systemctl is-active --quiet "$UNIT" || systemctl start "$UNIT" || die "postgresql does not start: see journalctl -u $UNIT"
  wait_until 60 asked "SELECT 1" || die "postgresql does not answer"
}

# The running server must hold what the file says, unless it waits for its restart: asked from the server itself, which
# reads the file by its own rules.
check() {
  local status wrong
  status=$(evenkeel-db status --deadline 10)
  jq -e '.running and (.restartNeeded | not)' <<<"$status" >/dev/null || return 0
  wrong=$(asked "SELECT string_agg(name || COALESCE(': ' || error, ''), ', ') FROM pg_file_settings WHERE sourcefile LIKE '%/60-evenkeel.conf' AND (error IS NOT NULL OR NOT applied)") ||
    die "postgresql does not tell its settings"
  [ -z "$wrong" ] || die "postgresql does not run with what $CONF says: $wrong"
  [ "$(asked "SELECT COUNT(*) FROM pg_hba_file_rules WHERE error IS NOT NULL")" = 0 ] || die "$HBA has lines that postgresql refuses"
  [ "$(jq -r '.role' <<<"$status")" = active ] || [ "$(asked 'SELECT pg_is_in_recovery()')" = t ] || die "a database that is not the active one is writable"
}

print_facts() {
  evenkeel-db status --deadline 10 | jq -c --arg package "$(dpkg-query -W -f '${Version}' postgresql-17)" \
    '{engine, version, package: $package, serverId, role, epoch, running, restartNeeded, machineId}'
}

secure_ssh
make_users
own_files
install_packages jq nftables
if changed "$DROP_IN" "${UNITS[@]}"; then systemctl daemon-reload; fi
install_packages postgresql-17 postgresql-client-17
make_cluster
apply_settings
start
check
wants unit evenkeel-db-boot.service enabled
wants unit "$UNIT" active while-open
wants file "$CLUSTER_CONF/conf.d/60-evenkeel.conf"
wants file "$CLUSTER_CONF/start.conf"
print_facts
