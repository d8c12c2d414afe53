# shellcheck shell=bash
# What all verbs of lab-host.sh share: how Docker is asked, whose a thing is, what standard input says.

die() { echo "lab-host: $*" >&2; exit 1; }
refuse() { echo "lab-host: $*" >&2; exit 12; }

# Each call of Docker has a deadline: an engine that hangs is an error that says so.
engine() {
  local status=0
  timeout --foreground -k 5 "$docker_seconds" docker "$@" || status=$?
  [ "$status" -ne 124 ] || die "docker $1 did not answer within $docker_seconds s"
  return "$status"
}

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

# What to make comes on standard input, and names its site.
read_spec() {
  spec=$(cat)
  parse_spec
  [ -n "$site" ] || die "site is missing"
}

# A deletion needs no input; where it names a site, another site's thing of that name is left alone.
read_owner() {
  spec=
  [ -t 0 ] || spec=$(cat)
  [ -z "$spec" ] || parse_spec
}

parse_spec() {
  local assignments
  assignments=$(printf '%s' "$spec" | node "$here/spec.mjs" variables) || die "standard input is not the JSON this verb takes"
  # shellcheck disable=SC2034 # which of them a verb uses is its own matter
  site='' place='' role='' image='' subnet='' bridge_address='' internal='' guard='' gateway_address='' volume=''
  networks=() members=() publish=() extra_hosts=()
  eval "$assignments"
}
