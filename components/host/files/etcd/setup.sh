# shellcheck shell=bash
# Role "etcd": a member of the site's etcd with its certificates, in no cluster yet: evenkeel-etcd forms and joins.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly DROP_IN=/etc/systemd/system/etcd.service.d/evenkeel.conf STATE=/var/lib/evenkeel/etcd

# The package would make its user itself, but too late: the key belongs to its group.
make_folders() {
  getent passwd etcd >/dev/null ||
    useradd --system --user-group --home-dir /var/lib/etcd --no-create-home --shell /usr/sbin/nologin etcd
  install -d -m 0755 /var/lib/evenkeel
  install -d -o etcd -g etcd -m 0700 "$STATE"
  chown root:etcd /etc/evenkeel/tls/etcd-key.pem
}

# A refused restart is no error: a rollout must go on where a member is lost. evenkeel-look tells of it until then.
run() {
  local told code=0 how=start
  if changed "$DROP_IN"; then systemctl daemon-reload; fi
  systemctl enable -q etcd.service >&2
  [ -e "$STATE/member.env" ] || return 0
  if systemctl is-active -q etcd.service; then how=restart; fi
  told=$(evenkeel-etcd restart --deadline 120) || code=$?
  case "$code" in
    0) if jq -e .changed <<<"$told" >/dev/null; then did "$how" etcd.service; fi ;;
    12) log "the member of etcd waits for its restart" ;;
    *) systemctl is-active -q etcd.service || die "etcd does not run: see journalctl -u etcd" ;;
  esac
}

secure_ssh
make_folders
install_packages etcd-server etcd-client jq
run
wants unit etcd.service enabled
wants look /usr/local/sbin/evenkeel-etcd look
printf '{"etcd":"%s","joined":%s}\n' "$(dpkg-query -W -f '${Version}' etcd-server)" \
  "$([ -e "$STATE/member.env" ] && echo true || echo false)"
