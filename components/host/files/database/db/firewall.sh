# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# The packet filter around the database port (/etc/evenkeel/database.nft).
readonly NFT_TABLE='inet evenkeel_db'

firewall() { printf '%s\n' "$@" | timeout "$(remaining)" nft -f -; }

open_port() { firewall "add element $NFT_TABLE open_ports { $PORT }"; }

close_port() { firewall "flush set $NFT_TABLE open_ports"; }

port_is_open() { nft -j list set inet evenkeel_db open_ports 2>/dev/null | jq -e '[.. | .elem? // empty] | flatten | length > 0' >/dev/null; }

# No packet of a peer's database arrives any more: whatever it commits from now on, this host can't acknowledge.
silence_peers() {
  local addresses
  addresses=$(jq -r '[.peers[].address] | join(", ")' "$CONFIG")
  [ -z "$addresses" ] || firewall "add element $NFT_TABLE silenced { $addresses }"
}

hear_peers() { firewall "flush set $NFT_TABLE silenced"; }

# No lock: it runs before every start of the server, and verbs that hold the lock start it.
# A role that can't be read may be the active one's: the server may start, closed, and nobody reaches it.
load_firewall() {
  timeout "$(remaining)" nft -f /etc/evenkeel/database.nft
  if role_is_known && [ "$CLOSED" != true ] && [ ! -e "$FENCING" ]; then open_port; else close_port; fi
}
