# shellcheck shell=bash
# Role script of a balancer (region's or edge): a new configuration or certificate is checked beside the one in
# use, swapped only when HAProxy accepts it, and taken over by reload, so that no connection is cut.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

wanted=/etc/evenkeel/haproxy.cfg
config=/etc/haproxy/haproxy.cfg
pem=/etc/haproxy/site.pem
tls=/etc/evenkeel/tls
states=/var/lib/haproxy/servers.state
# Hash of what the running workers have read; written after they have.
loaded=/var/lib/evenkeel/haproxy.loaded

worker() { evenkeel-traffic haproxy 'show info' | sed -n 's/^Pid: //p'; }
other_worker() { local now; now=$(worker) && [ -n "$now" ] && [ "$now" != "$1" ]; }
# An edge's alone.
program() { if [ -e /etc/evenkeel/hold.lua ]; then cat /etc/evenkeel/hold.lua; fi; }
digest() { { cat "$wanted" "$pem" "$tls/ca.pem" && program; } | sha256sum | cut -d' ' -f1; }

# The line between them: a PEM text need not end with one.
join_certificate() {
  (umask 077 && cat "$tls/site.pem" <(echo) "$tls/site-key.pem" >"$pem.new")
}

check() {
  EVENKEEL_PEM=$pem.new haproxy -c -f "$wanted" >&2 && return 0
  rm -f "$pem.new"
  die "HAProxy refuses $wanted or its certificate (above); the balancer goes on with the ones it has"
}

swap() {
  mv "$pem.new" "$pem"
  cmp -s "$wanted" "$config" && return 0
  install -m 0644 "$wanted" "$config.new"
  mv "$config.new" "$config"
}

# Lines for the servers that the running workers don't have yet, like a neighbour's, but down. HAProxy takes such a one
# for well until a check has failed, and the balancer is told of a host before there is one (3.1 has "init-state").
newcomers() { # STATES
  awk '
    NR == FNR { if (NF > 20 && $1 != "#") { known[$2, $4] = 1; row[$2] = $0 } next }
    $1 == "backend" { backend = $2 }
    $1 == "server" && backend in row && !((backend, $2) in known) {
      count = split(row[backend], field, " ")
      split($3, at, ":")
      field[3] = 1000 + ++added; field[4] = $2; field[5] = at[1]; field[19] = at[2]
      # Stopped without an order to be so, with the weight of the configuration, and not checked so far (INI: with 0,
      # "unknown", the outcome of every check would be dropped).
      field[6] = field[7] = field[10] = field[12] = field[13] = 0
      field[8] = field[9]; field[11] = 1
      # Check configured and enabled, whatever was done to that of the neighbour.
      field[14] = 6
      for (i = 1; i <= count; i++) printf "%s%s", field[i], i < count ? " " : "\n"
    }' "$1" "$config"
}

reload() {
  local before saved
  before=$(worker)
  evenkeel-traffic haproxy 'show servers state' >"$states"
  saved=$(newcomers "$states")
  printf '%s\n' "$saved" >>"$states"
  renew reload haproxy.service
  wait_until 15 other_worker "$before" || die "HAProxy did not take over its new configuration within 15 s"
}

run() {
  # "restart" only where it doesn't answer at all: there is no connection to cut then.
  if systemctl is-active -q haproxy && worker >/dev/null; then
    [ "$(cat "$loaded" 2>/dev/null)" = "$(digest)" ] && return 0
    reload
  else
    renew restart haproxy.service
    wait_until 15 worker || die "HAProxy does not answer on its socket within 15 s"
  fi
  # An old file must not tell a later cold start who was up today.
  rm -f "$states"
  digest >"$loaded"
}

secure_ssh
install_packages haproxy
join_certificate
check
swap
set_kernel net.core.somaxconn=4096
systemctl enable -q haproxy >&2
run
wants unit haproxy.service enabled active
wants folder /etc/haproxy haproxy.service reload
wants file "$config"
wants file "$pem"
printf '{"haproxy":"%s","loaded":"%s"}\n' "$(haproxy -v | sed -n 's/^HAProxy version \([^ ]*\).*/\1/p')" "$(cat "$loaded")"
