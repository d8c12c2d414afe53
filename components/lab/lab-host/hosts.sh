# shellcheck shell=bash
# Hosts of the lab: containers that boot systemd.

container_id() { engine container inspect -f '{{.Id}}' "$1" 2>/dev/null; }

# A container is started only when all its files and legs are there, so one that never started was left half-way.
is_half_made() { [[ $(engine container inspect -f '{{.State.StartedAt}}' "$1" 2>/dev/null) == 0001-* ]]; }

remove_container() {
  local attempt
  container_id "$1" >/dev/null || return 0
  check_owner container "$1"
  for attempt in {1..50}; do
    engine rm -f -v "$1" >/dev/null 2>&1 || true
    container_id "$1" >/dev/null || return 0
    [ "$attempt" -eq 50 ] || sleep 0.2
  done
  die "container $1 could not be deleted"
}

# The outer machine's resolvers, which Docker's own resolver asks from inside the gateway. Where the machine has
# one of its own on a loopback address, Docker uses the servers behind it.
outer_resolvers() {
  local file found
  for file in /etc/resolv.conf /run/systemd/resolve/resolv.conf; do
    [ -r "$file" ] || continue
    found=$(awk '$1 == "nameserver" && $2 ~ /^[0-9.]+$/ && $2 !~ /^127\./ {printf "%s ", $2}' "$file")
    if [ -n "$found" ]; then echo "$found"; return; fi
  done
}

# The legs that could lead off this machine: every network that isn't internal, and every one that is called so (a
# test makes an internal one of that name: what its guard lets through still can't leave).
outside_legs() {
  local entry name facts internal_only subnet gateway
  for entry in "${networks[@]}"; do
    name=${entry% *}
    facts=$(engine network inspect -f '{{.Internal}} {{range .IPAM.Config}}{{.Subnet}} {{.Gateway}}{{end}}' "$name") ||
      die "network $name can't be looked at"
    read -r internal_only subnet gateway <<<"$facts"
    if [ "$internal_only" = false ] || [[ $name == *-outside ]]; then printf '%s=%s ' "$subnet" "$gateway"; fi
  done
}

create_flags() { # NAME: fills the array flags
  local entry first=${networks[0]}
  flags=(
    --name "$1" --hostname "$1" --restart no --stop-signal SIGRTMIN+3
    --label "evenkeel.site=$site" --label "evenkeel.place=$place" --label "evenkeel.role=$role" "${own_labels[@]}"
    # What systemd needs as process 1, short of --privileged.
    --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add SYS_NICE
    --security-opt apparmor=unconfined --security-opt seccomp=unconfined
    --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:rw --tmpfs /run --tmpfs "/tmp:exec,mode=1777"
    --sysctl net.ipv4.ip_forward=0
    --network "${first% *}"
  )
  [ "${first#* }" = - ] || flags+=(--ip "${first#* }")
  if [ -d /proc/sys/net/ipv6 ]; then
    flags+=(--sysctl net.ipv6.conf.all.disable_ipv6=1 --sysctl net.ipv6.conf.default.disable_ipv6=1)
  fi
  [ -z "$gateway_address" ] || flags+=(--dns "$gateway_address")
  # The volume's file, and loop devices to show it as a block device.
  if [ -n "$volume" ]; then
    flags+=(-v "$volume:/var/lib/evenkeel-lab/volume" --device-cgroup-rule 'b 7:* rmw' --device-cgroup-rule 'c 10:237 rmw')
  fi
  for entry in "${publish[@]}"; do flags+=(-p "$entry"); done
  for entry in "${extra_hosts[@]}"; do flags+=(--add-host "$entry"); done
}

connect_rest() { # CONTAINER: the legs after the first
  local entry
  for entry in "${networks[@]:1}"; do
    if [ "${entry#* }" = - ]; then engine network connect "${entry% *}" "$1"
    else engine network connect --ip "${entry#* }" "${entry% *}" "$1"; fi
  done
}

# Makes the container and gives it legs and files. By its id, not its name: a run that was killed may have left a
# `docker create` behind that still comes through, and each run may undo its own container only.
make_container() { # NAME
  local id outside
  local -a flags
  outside=$(outside_legs)
  [ -z "$outside" ] || [ -n "$guard" ] || die "host $1 would have an outside leg without the guard"
  # Docker would make a missing one without its owner's labels.
  [ -z "$volume" ] || ensure_volume "$volume"
  create_flags "$1"
  if ! id=$(engine create "${flags[@]}" "$image" /sbin/init); then
    is_half_made "$1" || die "host $1 can't be made"
    remove_container "$1"
    id=$(engine create "${flags[@]}" "$image" /sbin/init)
  fi
  half_made=$id
  connect_rest "$id"
  printf '%s' "$spec" | node "$here/spec.mjs" files "$outside" "$(outer_resolvers)" "${id:0:32}" | engine cp - "$id:/"
}

# A container's volumes are its own for good. To make it anew unasked would lose uploads that lie on its own disk.
check_volume() { # NAME: against $volume
  local present
  present=$(engine container inspect -f '{{range .Mounts}}{{.Name}} {{end}}' "$1")
  present=${present//[[:space:]]/}
  [ "$present" = "$volume" ] ||
    die "host $1 was made with ${present:-no volume}, not with ${volume:-none}: uploadsVolumeGb belongs to a machine's making; set it back; or, to have its whole region made anew (its uploads are lost), destroy that region first: npx evenkeel destroy --region …"
}

# What may have kept a host's systemd from starting: as process 1 it takes five inotify instances, of which Linux gives
# root 128 in all. Whoever isn't root may not look at root's, and is told nothing.
start_hindrance() {
  local used limit
  limit=$(cat /proc/sys/fs/inotify/max_user_instances 2>/dev/null) || return 0
  # Processes that end meanwhile are no failure.
  used=$({ find /proc/[0-9]*/fd -user root -lname '*inotify*' 2>/dev/null || true; } | wc -l)
  [ $((used + 5)) -gt "$limit" ] || return 0
  echo "perhaps because $used of root's $limit inotify instances are in use, and a host takes 5; with root: sysctl -w fs.inotify.max_user_instances=1024"
}

host_create() {
  local id hindrance
  read_spec
  [ "${#networks[@]}" -gt 0 ] || die "host $1 has no network"
  check_owner container "$1"
  if is_half_made "$1"; then remove_container "$1"; fi
  if container_id "$1" >/dev/null; then check_volume "$1"; else make_container "$1"; fi
  id=$(container_id "$1")
  engine start "$id" >/dev/null
  if ! engine exec "$id" /usr/local/lib/evenkeel-lab/ready "$ready_seconds" >&2; then
    hindrance=$(start_hindrance)
    die "host $1 did not come up${hindrance:+: $hindrance}"
  fi
  half_made=
  printf '{"name":"%s","containerId":"%s","machineId":"%s"}\n' "$1" "$id" "${id:0:32}"
}

# A host whose services have something to end before it goes (evenkeel-drain.service) is shut down, not cut off, as a
# cloud would do.
shut_down() {
  local facts
  facts=$(engine container inspect -f '{{index .Config.Labels "evenkeel.role"}} {{.State.Running}} {{.State.Paused}}' "$1" 2>/dev/null) || return 0
  [ "$facts" = "web true false" ] || return 0
  timeout --foreground -k 5 "$((drain_seconds + docker_seconds))" docker stop -t "$drain_seconds" "$1" >/dev/null ||
    echo "lab-host: $1 did not shut down by itself" >&2
}

host_delete() {
  read_owner
  check_owner container "$1"
  shut_down "$1"
  remove_container "$1"
  printf '{"name":"%s","deleted":true}\n' "$1"
}
