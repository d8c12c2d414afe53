# shellcheck shell=bash
# Volumes of the lab: files that a host sees as block devices.

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
  read_owner
  if volume_exists "$1"; then
    check_owner volume "$1"
    engine volume rm "$1" >/dev/null || ! volume_exists "$1" || die "volume $1 could not be deleted"
  fi
  printf '{"name":"%s","deleted":true}\n' "$1"
}
