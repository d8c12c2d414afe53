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

# sql_literal FILTER: a value of the configuration as an SQL string literal, whatever characters it holds.
sql_literal() {
  jq -r "$1"' | "\u0027" + (split("\\") | join("\\\\") | split("\u0027") | join("\u0027\u0027")) + "\u0027"' "$CONFIG"
}

# account_hosts FILTER: each network "a.b.c.d/len" there as the account host that MariaDB understands.
account_hosts() {
  jq -r "$1"' | [.] | flatten | .[]
    | split("/") | (.[1] | tonumber) as $length
    | .[0] + "/" + ([range(4) | ([[$length - 8 * ., 0] | max, 8] | min) | 256 - pow(2; 8 - .) | tostring] | join("."))' "$CONFIG"
}
