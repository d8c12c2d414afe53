# Helpers of the role scripts (setup.sh), installed as /usr/local/lib/evenkeel/role.sh and sourced by them.
# Standard output of a role script belongs to its one JSON object of facts; everything else goes to standard error.
# shellcheck shell=bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

log() { printf '%s\n' "$*" >&2; }

die() {
  log "$*"
  exit 1
}

# changed PATH...: true when one of these files was written now, or by an earlier run that did not finish.
changed() {
  local path
  for path in "$@"; do
    grep -qxF -- "$path" "${EVENKEEL_CHANGED:?}" && return 0
  done
  return 1
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# wants KIND WORD...: for evenkeel-look, which compares the host with it later. "package NAME", "file PATH" (one that
# the script made itself, as it is when the role has finished), "folder PATH UNIT reload|restart|none" (configuration that
# UNIT reads, whoever brought it: what appears there from elsewhere is a stray), "unit NAME [enabled] [active]
# [while-open]" (the last: not while the database is fenced), "sysctl KEY VALUE", "look PROGRAM WORD..." (one that prints
# findings itself).
wants() { printf '%s\n' "$*" >>"${EVENKEEL_SAID:-/dev/null}"; }

# did WORDS: what a service was given new settings by, which a rollout tells when it ends (evenkeel-look).
did() { printf 'did %s\n' "$*" >>"${EVENKEEL_SAID:-/dev/null}"; }

# renew reload|restart UNIT: lets a service take its new settings, and starts one that does not run.
renew() {
  if systemctl is-active -q "$2"; then
    systemctl "$1" "$2" || die "$2 does not $1: see journalctl -u $2"
    did "$1" "$2"
  else
    systemctl start "$2" || die "$2 does not start: see journalctl -u $2"
    did start "$2"
  fi
}

# install_packages PKG...: only what is missing. A first boot may still hold the package lock, hence the lock
# timeout; package lists may be old, hence one retry after an update.
install_packages() {
  local missing=() package
  for package in "$@"; do
    wants package "$package"
    installed "$package" || missing+=("$package")
  done
  [ "${#missing[@]}" -eq 0 ] && return 0
  log "installing ${missing[*]}"
  apt_get install --no-install-recommends "${missing[@]}" && return 0
  apt_get update
  apt_get install --no-install-recommends "${missing[@]}"
}

apt_get() {
  timeout -k 10 600 apt-get -qq -y -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 -o Acquire::http::Timeout=20 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" </dev/null >&2
}

# wait_until SECONDS COMMAND...: polls until the command succeeds; false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.2
  done
}

# set_kernel KEY=VALUE...: settings that are the host's own network's, now and after each boot. Where they are not this
# host's to set (a container: the kernel is its machine's) that is said, and none is wanted.
set_kernel() {
  local pair path file=/etc/sysctl.d/60-evenkeel-${EVENKEEL_ROLE:?}.conf
  for pair in "$@"; do
    [[ $pair == net.* ]] || die "set_kernel ${pair%%=*}: only settings of the network (net.*) are a host's own everywhere"
    path=/proc/sys/$(tr . / <<<"${pair%%=*}")
    [ -w "$path" ] || { log "${pair%%=*} can't be set here: it stays at $(cat "$path"), and is not looked at"; return 0; }
  done
  printf '%s\n' "$@" | cmp -s - "$file" || printf '%s\n' "$@" >"$file"
  wants file "$file"
  for pair in "$@"; do
    path=/proc/sys/$(tr . / <<<"${pair%%=*}")
    printf '%s' "${pair#*=}" >"$path" || die "the kernel refuses $pair"
    wants sysctl "${pair%%=*}" "${pair#*=}"
  done
}

# secure_ssh: what every host's sshd is told, whatever the role (ssh/evenkeel.conf). Checked before it is put in place,
# and read back: what a machine's image brings may say otherwise first. Connections that are there stay.
secure_ssh() {
  local wanted=/etc/evenkeel/sshd.conf config=/etc/ssh/sshd_config.d/00-evenkeel.conf
  # The file as sshd would read it with ours first; and a hash of ours once the sshd that runs has read it.
  local whole=/run/evenkeel-sshd.conf read=/run/evenkeel-sshd.read hash want told other cron
  [ "${SUDO_USER:-}" != root ] || die "root comes in over SSH here, and would be locked out: use another user with sudo"
  hash=$(sha256sum <"$wanted")
  cat "$wanted" /etc/ssh/sshd_config >"$whole"
  want=$(sshd -T -f "$whole") || die "sshd refuses $wanted (above), and goes on with what it has"
  if ! cmp -s "$wanted" "$config" || [ "$(cat "$read" 2>/dev/null)" != "$hash" ]; then
    install -m 0644 "$wanted" "$config.new"
    mv "$config.new" "$config"
    renew reload ssh.service
    printf '%s\n' "$hash" >"$read"
  fi
  told=$(sshd -T) || die "sshd refuses its own configuration (above) and would not start again: see /etc/ssh"
  other=$(diff <(printf '%s\n' "$told") <(printf '%s\n' "$want") | sed -n 's/^< //p') || true
  wants file "$config"
  wants folder /etc/ssh/sshd_config.d ssh.service reload
  wants folder /etc/sudoers.d ssh.service none
  for cron in d hourly daily weekly monthly yearly; do wants folder "/etc/cron.$cron" cron.service none; done
  wants unit ssh.service active
  [ -z "$other" ] || die "sshd reads \"${other%%$'\n'*}\" before it comes to $config: see /etc/ssh"
}
