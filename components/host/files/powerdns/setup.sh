# shellcheck shell=bash
# Role script of the name server: PowerDNS with one health-routed zone.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

domain=@@DOMAIN@@
database=/var/lib/powerdns/pdns.sqlite3
schema=/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql
wanted=/etc/evenkeel/pdns.conf
config=/etc/powerdns/pdns.conf
unit=/etc/systemd/system/pdns.service.d/evenkeel.conf

# Masked while it is installed: the package would start it without a backend, and again and again.
install_server() {
  installed pdns-server || systemctl mask -q --runtime pdns.service 2>/dev/null
  install_packages pdns-server pdns-backend-sqlite3 sqlite3
  systemctl unmask -q --runtime pdns.service
  systemctl daemon-reload
}

# Built beside and moved in, so that a run cut short leaves no half schema.
make_database() {
  [ -s "$database" ] && return 0
  rm -f "$database.new"
  sqlite3 "$database.new" <"$schema" >&2
  chown pdns:pdns "$database.new"
  chmod 0640 "$database.new"
  mv "$database.new" "$database"
}

# --config=check reads the file as the server would; an unknown setting ends it.
configure() {
  local trial
  trial=$(mktemp -d)
  install -m 0600 "$wanted" "$trial/pdns.conf"
  if ! pdns_server --config-dir="$trial" --config=check >&2; then
    rm -rf "$trial"
    die "PowerDNS refuses $wanted (above); the name server goes on with the configuration it has"
  fi
  rm -rf "$trial"
  install -m 0640 -o root -g pdns "$wanted" "$config.new"
  mv "$config.new" "$config"
}

# In one transaction. It is loaded when its file is new or the zone is missing; records changed through the API
# are left alone otherwise.
load_zone() {
  changed /etc/evenkeel/zone || ! pdnsutil list-zone "$domain" >/dev/null 2>&1 || return 0
  pdnsutil load-zone "$domain" /etc/evenkeel/zone >&2
  chown pdns:pdns "$database"
}

# A restart also ends the checks of addresses that are no longer in the zone.
run() {
  systemctl enable -q pdns >&2
  if changed "$wanted" "$unit" /etc/evenkeel/zone || ! systemctl is-active -q pdns; then
    renew restart pdns.service
  fi
  wait_until 15 evenkeel-traffic resolve "$domain" || die "PowerDNS does not answer for $domain within 15 s"
}

secure_ssh
install_server
make_database
configure
load_zone
run
wants unit pdns.service enabled active
wants folder /etc/powerdns pdns.service restart
wants file "$config"
printf '{"powerdns":"%s","zone":"%s"}\n' "$(dpkg-query -W -f '${Version}' pdns-server)" "$domain"
