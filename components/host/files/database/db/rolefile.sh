# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# /var/lib/evenkeel/role.json: what this host knows about its own role. Only the verbs write it.
# The marker `fencing` is there from the beginning of a fence, which does not wait for the lock, until its end: while
# it exists no verb opens anything. The marker `seeding` lets seed throw away what lies in the data directory.
readonly ROLE_FILE=$STATE/role.json FENCING=$STATE/fencing SEEDING=$STATE/seeding PROGRESS=/run/evenkeel-seed.json

# Sets ROLE, EPOCH, WAS (the role before it was fenced), CLOSED (its port stays closed over a reboot) and BY (who fenced
# it, where that was its keeper). No file means unseeded; one that can't be read is an error, never "unseeded".
read_role() {
  ROLE=unseeded EPOCH=0 WAS='' CLOSED=false BY=''
  [ -e "$ROLE_FILE" ] || return 0
  local values site
  values=$(jq -r '.role, .epoch, .site, (.was // ""), (.by // ""), (.closed // false)' "$ROLE_FILE") || fail "$ROLE_FILE can't be read"
  { read -r ROLE && read -r EPOCH && read -r site && read -r WAS && read -r BY && read -r CLOSED; } <<<"$values" || fail "$ROLE_FILE can't be read"
  [ "$site" = "$SITE" ] || fail "$ROLE_FILE is of the site '$site', not '$SITE'"
  [[ $ROLE =~ ^(active|standby|fenced|unseeded)$ && $EPOCH =~ ^[0-9]+$ ]] || fail "$ROLE_FILE can't be read"
}

# read_role, which ends the program where it fails, tried first in a shell of its own.
role_is_known() { (read_role) && read_role; }

# write_role EPOCH ROLE [WAS] [CLOSED] [BY]
write_role() {
  local document
  document=$(jq -cn --argjson epoch "$1" --arg role "$2" --arg site "$SITE" --arg was "${3:-}" --argjson closed "${4:-false}" --arg by "${5:-}" \
    '{epoch: $epoch, role: $role, site: $site} + (if $was == "" then {} else {was: $was} end)
      + (if $closed then {closed: true} else {} end) + (if $by == "" then {} else {by: $by} end)')
  put_durably "$ROLE_FILE" <<<"$document" || fail "$ROLE_FILE can't be written"
  read_role
}

# Two fences may do this at the same time. Whose it is stands in it, for whoever ends one that was cut short: an
# operator's stays an operator's, also where that one is a keeper.
mark_fencing() {
  local by=$FENCED_BY
  [ ! -e "$FENCING" ] || [ "$(cat "$FENCING")" = keeper ] || by=
  printf '%s' "$by" >"$FENCING" && sync "$FENCING" "$STATE"
}

refuse_while_fencing() {
  [ ! -e "$FENCING" ] || refuse "a fence of this host is under way or was cut short: evenkeel-db fence must end first"
}

# A seed killed at its very end leaves its marker beside the role. It must not outlive this: were the role lost later,
# seed would take the data for its own.
forget_seeding() {
  if [ "$ROLE" != unseeded ] && [ -e "$SEEDING" ]; then remove_durably "$SEEDING"; fi
}
