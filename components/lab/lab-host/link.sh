# shellcheck shell=bash
# The link between the places: one more leg for some hosts of each.

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
