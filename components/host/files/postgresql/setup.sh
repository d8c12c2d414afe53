# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Role "postgresql": an empty, un-joined, read-only database with its packet filter, its accounts for the other
# regions, and evenkeel-db, which alone starts it (its cluster is "manual").
readonly CONF=/etc/evenkeel/postgresql.conf HBA=/etc/evenkeel/pg_hba.conf OWN=/var/lib/evenkeel/postgresql
readonly UNIT=postgresql@17-main.service CLUSTER_CONF=/etc/postgresql/17/main
readonly DROP_IN=/etc/systemd/system/$UNIT.d/evenkeel.conf

# Before the first verb has run, nobody is followed.
own_more() {
  install -d -m 0755 "$OWN"
  [ -e "$OWN/role.conf" ] || printf '# Written by evenkeel-db alone.\n# follows: nobody\n' >"$OWN/role.conf"
  chown root:postgres "$HBA"
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

# What a running server takes without a restart.
apply_settings() {
  systemctl is-active --quiet "$UNIT" || return 0
  if changed /etc/evenkeel/database.nft; then evenkeel-db firewall --deadline 10; fi
  if changed "$CONF" "$HBA" || tls_changed; then reload; fi
  if changed "$CONF"; then restart_unless_active; fi
  apply_beside
}

# Whether a restart is wanted is only known when the files were read, which the server says no sooner than it did.
reload() {
  local before
  before=$(asked "SELECT pg_conf_load_time()") && asked "SELECT pg_reload_conf()" >&2
  read_anew() { [ "$(asked 'SELECT pg_conf_load_time()')" != "$before" ]; }
  wait_until 10 read_anew || die "postgresql does not read its settings anew: see journalctl -u $UNIT"
  did reload "$UNIT"
}

enable_start() {
  systemctl disable -q postgresql.service
  systemctl enable -q evenkeel-db-boot.service
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

secure_ssh
make_users postgres /var/lib/postgresql /bin/bash
own_files postgres
own_more
install_packages jq nftables
if changed "$DROP_IN" "${UNITS[@]}"; then systemctl daemon-reload; fi
install_packages postgresql-17 postgresql-client-17
make_cluster
apply_settings
start asked "SELECT 1"
check
wants unit evenkeel-db-boot.service enabled
wants unit "$UNIT" active while-open
wants folder "$CLUSTER_CONF" "$UNIT" none
wants file "$CLUSTER_CONF/conf.d/60-evenkeel.conf"
wants file "$CLUSTER_CONF/start.conf"
print_facts postgresql-17
