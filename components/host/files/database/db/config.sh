# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# /etc/evenkeel/database.json, read once; passwords stay inside it until the moment they are sent to the server.
readonly CONFIG=/etc/evenkeel/database.json

load_config() {
  [ -r "$CONFIG" ] || fail "$CONFIG is missing: the host was not set up"
  local values
  values=$(jq -r '.site, .region, .placeAddress, .schema, .users.app.name' "$CONFIG") || fail "$CONFIG is not valid JSON"
  { read -r SITE && read -r REGION && read -r PLACE_ADDRESS && read -r SCHEMA && read -r APP_USER; } <<<"$values"
}

cfg() { jq -r "$1" "$CONFIG"; }
