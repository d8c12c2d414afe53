#!/usr/bin/env bash
# Makes and deletes the lab's networks, volumes and hosts (containers that boot systemd), one thing a call.
#   network create|delete NAME · volume create|delete NAME · host create|delete NAME · link create|delete NAME
# What to make comes as JSON on standard input; one JSON object goes to standard output, messages to standard error.
# Every verb may be repeated: a thing that exists is returned as it is, one left half-made is made again.
# What another clone of Evenkeel made is never touched (exit 12).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$here/../.." && pwd)
readonly here home docker_seconds=60 ready_seconds=90 drain_seconds=75
half_made=

die() { echo "lab-host: $*" >&2; exit 1; }
refuse() { echo "lab-host: $*" >&2; exit 12; }

# Each call of Docker has a deadline: an engine that hangs is an error that says so.
engine() {
  local status=0
  timeout --foreground -k 5 "$docker_seconds" docker "$@" || status=$?
  [ "$status" -ne 124 ] || die "docker $1 did not answer within $docker_seconds s"
  return "$status"
}

# -- whose it is ------------------------------------------------------------------------------------------------

# The clone's id, made once (automation/site/clone.ts does the same). It comes from the file and not from the input,
# so that it is no part of Pulumi's state. `ln` lets the first of several runs win.
clone_id() {
  local file=$home/.evenkeel/clone-id id
  if [ ! -e "$file" ]; then
    (umask 077 && mkdir -p "$home/.evenkeel" && od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$file.$$.new")
    ln "$file.$$.new" "$file" 2>/dev/null || true
    rm -f "$file.$$.new"
  fi
  id=$(tr -d '\n' <"$file")
  [[ $id =~ ^[0-9a-f]{32}$ ]] || die "$file is damaged"
  echo "$id"
}

owner_labels() { printf '%s\n' "--label=evenkeel.clone=$clone" "--label=evenkeel.folder=$home"; }

# A thing that exists must be the lab's and this clone's.
check_owner() { # container|network|volume NAME
  local labels=.Labels facts owner folder owned_site
  [ "$1" != container ] || labels=.Config.Labels
  facts=$(engine "$1" inspect -f "{{index $labels \"evenkeel.clone\"}}|{{index $labels \"evenkeel.site\"}}|{{index $labels \"evenkeel.folder\"}}" "$2" 2>/dev/null) ||
    return 0
  IFS='|' read -r owner owned_site folder <<<"$facts"
  [ -n "$owned_site" ] || refuse "$1 $2 is not one of the lab's: it is left alone"
  [ -z "${site:-}" ] || [ "$owned_site" = "$site" ] || refuse "$1 $2 is of the site $owned_site, not $site: it is left alone"
  [ "$owner" = "$clone" ] ||
    refuse "$1 $2 belongs to another clone, in ${folder:-an unknown folder}: it is left alone"
}

read_spec() {
  local assignments
  spec=$(cat)
  assignments=$(printf '%s' "$spec" | node "$here/spec.mjs" variables) || die "standard input is not the JSON this verb takes"
  # shellcheck disable=SC2034 # which of them a verb uses is its own matter
  site='' place='' role='' image='' subnet='' bridge_address='' internal='' guard='' gateway_address='' volume=''
  networks=() members=() publish=() extra_hosts=()
  eval "$assignments"
  [ -n "$site" ] || die "site is missing"
}

# -- networks ---------------------------------------------------------------------------------------------------

network_id() { engine network inspect -f '{{.Id}}' "$1" 2>/dev/null; }

network_subnet() { engine network inspect -f '{{range .IPAM.Config}}{{.Subnet}}{{end}}' "$1"; }

ensure_network() { # NAME: of $site, $place, $subnet, $internal
  local present
  local -a flags=(--driver bridge --label "evenkeel.site=$site" --label "evenkeel.place=$place" "${own_labels[@]}")
  check_owner network "$1"
  if network_id "$1" >/dev/null; then
    present=$(network_subnet "$1")
    [ -z "$subnet" ] || [ "$present" = "$subnet" ] || die "network $1 exists with $present, not $subnet: delete it first"
    return
  fi
  [ -z "$internal" ] || flags+=(--internal)
  [ -z "$subnet" ] || flags+=(--subnet "$subnet" --gateway "$bridge_address")
  engine network create "${flags[@]}" "$1" >/dev/null || network_id "$1" >/dev/null || die "network $1 can't be made"
}

network_create() {
  read_spec
  ensure_network "$1"
  printf '{"name":"%s","networkId":"%s","subnet":"%s"}\n' "$1" "$(network_id "$1")" "$(network_subnet "$1")"
}

network_delete() {
  local member
  if network_id "$1" >/dev/null; then
    check_owner network "$1"
    for member in $(engine network inspect -f '{{range .Containers}}{{.Name}} {{end}}' "$1"); do
      engine network disconnect -f "$1" "$member" || true
    done
    engine network rm "$1" >/dev/null || ! network_id "$1" >/dev/null || die "network $1 could not be deleted"
  fi
  printf '{"name":"%s","deleted":true}\n' "$1"
}

# -- volumes ----------------------------------------------------------------------------------------------------

volume_exists() { engine volume inspect "$1" >/dev/null 2>&1; }

ensure_volume() { # NAME: of $site, $place
  check_owner volume "$1"
  volume_exists "$1" ||
    engine volume create --label "evenkeel.site=$site" --label "evenkeel.place=$place" "${own_labels[@]}" "$1" >/dev/null ||
    die "volume $1 can't be made"
}

volume_create() {
  read_spec
  ensure_volume "$1"
  printf '{"name":"%s"}\n' "$1"
}

volume_delete() {
  if volume_exists "$1"; then
    check_owner volume "$1"
    engine volume rm "$1" >/dev/null || ! volume_exists "$1" || die "volume $1 could not be deleted"
  fi
  printf '{"name":"%s","deleted":true}\n' "$1"
}

# -- hosts ------------------------------------------------------------------------------------------------------

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
    die "host $1 was made with ${present:-no volume}, not with ${volume:-none}: uploadsVolumeGb belongs to a machine's making; to make it anew (what is on its own disk is lost): docker rm -f $1, then provision"
}

host_create() {
  local id
  read_spec
  [ "${#networks[@]}" -gt 0 ] || die "host $1 has no network"
  check_owner container "$1"
  if is_half_made "$1"; then remove_container "$1"; fi
  if container_id "$1" >/dev/null; then check_volume "$1"; else make_container "$1"; fi
  id=$(container_id "$1")
  engine start "$id" >/dev/null
  engine exec "$id" /usr/local/lib/evenkeel-lab/ready "$ready_seconds" >&2 || die "host $1 did not come up"
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
  check_owner container "$1"
  shut_down "$1"
  remove_container "$1"
  printf '{"name":"%s","deleted":true}\n' "$1"
}

# -- the link between the places ----------------------------------------------------------------------------------

ensure_member() { # NETWORK CONTAINER ADDRESS
  local present
  check_owner container "$2"
  present=$(engine container inspect -f "{{with index .NetworkSettings.Networks \"$1\"}}{{with .IPAMConfig}}{{.IPv4Address}}{{end}} {{end}}" "$2") ||
    die "no host $2 to join to $1"
  if [ "$present" != "$3 " ]; then
    [ -z "$present" ] || engine network disconnect -f "$1" "$2"
    engine network connect --ip "$3" "$1" "$2"
  fi
  # Docker may have set a default route by the new leg.
  if [ "$(engine container inspect -f '{{.State.Running}}' "$2")" = true ]; then
    engine exec "$2" /usr/local/lib/evenkeel-lab/net || die "the routes of $2 could not be set"
  fi
}

link_create() {
  local entry
  read_spec
  internal=yes
  ensure_network "$1"
  for entry in "${members[@]}"; do ensure_member "$1" "${entry% *}" "${entry#* }"; done
  printf '{"name":"%s","networkId":"%s","members":%d}\n' "$1" "$(network_id "$1")" "${#members[@]}"
}

# A host that was begun and not finished is taken away again: nobody else knows of it.
clean_up() {
  if [ -n "$half_made" ]; then remove_container "$half_made"; fi
}
trap clean_up EXIT

[ $# -eq 3 ] || die "usage: lab-host.sh network|volume|host|link create|delete NAME"
clone=$(clone_id)
mapfile -t own_labels < <(owner_labels)
readonly clone own_labels
case "$1 $2" in
  "network create") network_create "$3" ;;
  "network delete" | "link delete") network_delete "$3" ;;
  "volume create") volume_create "$3" ;;
  "volume delete") volume_delete "$3" ;;
  "host create") host_create "$3" ;;
  "host delete") host_delete "$3" ;;
  "link create") link_create "$3" ;;
  *) die "usage: lab-host.sh network|volume|host|link create|delete NAME" ;;
esac
