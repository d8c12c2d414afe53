# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The packet filter around the database port (/etc/evenkeel/database.nft).
readonly NFT_TABLE='inet evenkeel_db'

firewall() { printf '%s\n' "$@" | timeout "$(remaining)" nft -f -; }

filter_is_loaded() { timeout "$(remaining)" nft "list table $NFT_TABLE" >/dev/null 2>&1; }

# Until it is closed. Under the keeper's rules the set with timeouts is the keeper's, who could take this one away with
# it.
open_port() {
  local set=open_ports
  ! keeper_rules || set=standing_ports
  firewall "flush set $NFT_TABLE shut_ports" "add element $NFT_TABLE $set { $PORT }"
}

# Nothing comes in, and nothing that the server still has to say goes out; a keeper that renews its lease at this moment
# opens nothing either, as long as it is shut.
close_port() {
  firewall "add element $NFT_TABLE shut_ports { $PORT }" "flush set $NFT_TABLE open_ports" \
    "flush set $NFT_TABLE standing_ports"
}

# Whether the port is open is the lease's alone from here on.
leave_port_to_keeper() { firewall "flush set $NFT_TABLE standing_ports" "flush set $NFT_TABLE shut_ports"; }

# No packet of a peer's database arrives any more: whatever it commits from now on, this host can't acknowledge.
silence_peers() {
  local addresses
  addresses=$(jq -r '[.peers[].address] | join(", ")' "$CONFIG")
  [ -z "$addresses" ] || firewall "add element $NFT_TABLE silenced { $addresses }"
}

hear_peers() { firewall "flush set $NFT_TABLE silenced"; }

# keep_out [ADDRESS]...: these and no others may not receive from here.
keep_out() {
  local list
  list=$(IFS=, && printf '%s' "$*")
  firewall "flush set $NFT_TABLE kept_out" ${list:+"add element $NFT_TABLE kept_out { $list }"}
}

# No lock: it runs before every start of the server, and verbs that hold the lock start it.
# A role that can't be read may be the active one's: the server may start, closed, and nobody reaches it.
load_firewall() {
  timeout "$(remaining)" nft -f /etc/evenkeel/database.nft
  if role_is_known && [ "$CLOSED" != true ] && [ ! -e "$FENCING" ]; then
    open_port_of_role "$1"
  else
    close_port
  fi
}

# The active one's is the lease's: closed when the server starts, and left as it is while it runs.
open_port_of_role() {
  if ! keeper_rules || [ "$ROLE" != active ]; then
    open_port
  elif [ "$1" = starting ]; then
    close_port
  fi
}
