# shellcheck shell=bash
# Networks of the lab.

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
  read_owner
  if network_id "$1" >/dev/null; then
    check_owner network "$1"
    for member in $(engine network inspect -f '{{range .Containers}}{{.Name}} {{end}}' "$1"); do
      engine network disconnect -f "$1" "$member" || true
    done
    engine network rm "$1" >/dev/null || ! network_id "$1" >/dev/null || die "network $1 could not be deleted"
  fi
  printf '{"name":"%s","deleted":true}\n' "$1"
}
