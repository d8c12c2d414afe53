#!/usr/bin/env bash
# Makes and deletes the lab's networks, volumes and hosts (containers that boot systemd), one thing a call.
#   network create|delete NAME · volume create|delete NAME · host create|delete NAME · link create|delete NAME
# What to make comes as JSON on standard input; one JSON object goes to standard output, messages to standard error.
# Every verb may be repeated: a thing that exists is returned as it is, one left half-made is made again.
# What another clone of Evenkeel made, or another site, is never touched (exit 12).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(cd "$here/../.." && pwd)
readonly here home docker_seconds=60 ready_seconds=90 drain_seconds=75
half_made=
for part in engine networks volumes hosts link; do
  # shellcheck source=/dev/null
  . "$here/lab-host/$part.sh"
done

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
