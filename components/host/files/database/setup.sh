# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# First part of the role of every engine, whose own setup.sh follows it with $UNIT set: the users, files and starts that
# all of them have.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly UNITS=(/etc/systemd/system/evenkeel-db-boot.service /etc/systemd/system/evenkeel-heartbeat.service)

# make_users SERVER HOME SHELL: the engine's package would make its user itself, but too late: files belong to its group.
make_users() {
  make_user "$1" --home-dir "$2" --shell "$3"
  make_user evenkeel-beat --home-dir /nonexistent --shell /usr/sbin/nologin
  # A forced command is run by the login shell, so this user needs one; it has no password.
  make_user evenkeel-peer --home-dir /var/lib/evenkeel-peer --shell /bin/sh --password '*'
}

make_user() {
  getent passwd "$1" >/dev/null || useradd --system --user-group --no-create-home "${@:2}" "$1"
}

# own_files SERVER: what is written as root's and read by the server too.
own_files() {
  install -d -m 0755 /var/lib/evenkeel
  chown "root:$1" /etc/evenkeel/tls/database-key.pem
  visudo -cqf /etc/sudoers.d/evenkeel-peer || die "the sudoers file of evenkeel-peer is not valid"
}

tls_changed() { changed /etc/evenkeel/tls/database.pem /etc/evenkeel/tls/database-key.pem /etc/evenkeel/tls/ca.pem; }

# What runs beside the server, whose unit goes on with its program of before until it begins anew.
apply_beside() {
  if changed "${UNITS[@]}" /usr/local/sbin/evenkeel-db /usr/local/lib/evenkeel/db/{verbs/heartbeat,engine/beat,common}.sh && systemctl is-active -q evenkeel-heartbeat; then
    renew restart evenkeel-heartbeat.service
  fi
  # The keeper's feed, which its keeper begins anew.
  if changed /etc/evenkeel/database.json /usr/local/sbin/evenkeel-db /usr/local/lib/evenkeel/db/{verbs/watch,engine/wait,common}.sh; then
    pkill -f '^/bin/bash /usr/local/sbin/evenkeel-db watch$' || :
  fi
}

# Only a standby wants one; a status that can't be had is an error, never "no".
wants_restart() {
  local status
  status=$(evenkeel-db status --deadline 10) || die "evenkeel-db status fails"
  jq -e '.role != "active" and .restartNeeded' <<<"$status" >/dev/null
}

# New settings reach a standby by a restart now; the active database only says that it needs one (writer.md, W1). Whoever
# held the lock may have made this database the active one, or have restarted it: asked again under the lock.
restart_unless_active() {
  wants_restart || return 0
  exec 8>/run/evenkeel-db.lock
  flock -w 120 8 || die "another evenkeel-db verb holds /run/evenkeel-db.lock"
  if wants_restart; then
    launch restart
    did restart "$UNIT"
  fi
  exec 8>&-
}

# launch start|restart: past the limit of starts in a short time, which is there for crashes.
launch() {
  systemctl reset-failed "$UNIT" 2>/dev/null || :
  systemctl "$1" "$UNIT" || die "$UNIT does not $1: see journalctl -u $UNIT"
}

# start COMMAND...: a masked unit was fenced, and bringing it back is not this script's business. Waits until the command
# says that the server answers.
start() {
  [ "$(systemctl is-enabled "$UNIT" 2>/dev/null)" = masked ] && return 0
  enable_start
  systemctl is-active --quiet "$UNIT" || launch start
  wait_until 60 "$@" || die "$UNIT does not answer"
}

# print_facts PACKAGE
print_facts() {
  evenkeel-db status --deadline 10 | jq -c --arg package "$(dpkg-query -W -f '${Version}' "$1")" \
    '{engine, version, package: $package, serverId, role, epoch, running, restartNeeded, machineId}'
}
