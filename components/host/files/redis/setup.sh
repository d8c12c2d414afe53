# shellcheck shell=bash
# Role "redis": the object cache of a region, for its own web hosts only.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly CONFIG=/etc/redis/evenkeel.conf ACL=/etc/redis/evenkeel.acl WEB_USER=/etc/evenkeel/redis-web.acl
readonly UNIT=/etc/systemd/system/redis-server.service.d/evenkeel.conf OPERATOR=/etc/evenkeel/redis-operator

# Masked while it is installed: the package would start it with settings of its own.
install_server() {
  installed redis-server || systemctl mask -q --runtime redis-server.service 2>/dev/null
  install_packages redis-server
  systemctl unmask -q --runtime redis-server.service
  systemctl daemon-reload
}

# The operator's password never leaves this host; the list holds its hash.
make_operator() {
  [ -s "$OPERATOR" ] || (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$OPERATOR")
}

# True when the list had to be written.
write_acl() {
  local hash
  hash=$(sha256sum <"$OPERATOR" | cut -d' ' -f1)
  { printf 'user default off\nuser operator on #%s ~* &* +@all\n' "$hash"; cat "$WEB_USER"; } >"$ACL.new"
  chown redis:redis "$ACL.new"
  chmod 0640 "$ACL.new"
  if cmp -s "$ACL.new" "$ACL"; then rm "$ACL.new"; return 1; fi
  mv "$ACL.new" "$ACL"
}

asked() { REDISCLI_AUTH=$(cat "$OPERATOR") timeout 5 redis-cli --user operator "$@"; }

answers() { [ "$(asked PING)" = PONG ]; }

setting() { asked CONFIG GET "$1" | tail -n 1; }

run() {
  local restart=no
  write_acl && restart=yes
  changed "$CONFIG" "$UNIT" && restart=yes
  systemctl enable -q redis-server
  if [ "$restart" = yes ] || ! systemctl is-active -q redis-server; then
    renew restart redis-server.service
  fi
  wait_until 20 answers || die "Redis does not answer within 20 s"
}

secure_ssh
install_server
make_operator
set_kernel net.core.somaxconn=4096
run
wants unit redis-server.service enabled active
wants folder /etc/redis redis-server.service restart
wants file "$ACL"
printf '{"redis":"%s","maxMemoryBytes":%s,"policy":"%s","maxClients":%s}\n' \
  "$(dpkg-query -W -f '${Version}' redis-server)" "$(setting maxmemory)" "$(setting maxmemory-policy)" "$(setting maxclients)"
