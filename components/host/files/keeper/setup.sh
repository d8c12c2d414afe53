# shellcheck shell=bash
# Role "keeper": one bundled program and its own Node, which was pushed to the host; checked and taken over here.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly PUSHED=/var/tmp/evenkeel-node.gz LIBRARY=/usr/local/lib/evenkeel/keeper SHA256='@@SHA256@@'
readonly UNIT=/etc/systemd/system/evenkeel-keeper.service

# True when Node was exchanged. `node.sha256` says of which archive it is: to read it all would take longer than the rest.
take_node() {
  if [ -x "$LIBRARY/node" ] && [ "$(cat "$LIBRARY/node.sha256" 2>/dev/null)" = "$SHA256" ]; then return 1; fi
  [ -f "$PUSHED" ] || die "the keeper's Node was not pushed to $PUSHED"
  install -o root -g root -m 0600 "$PUSHED" "$LIBRARY/node.gz"
  [ "$(sha256sum "$LIBRARY/node.gz" | cut -d' ' -f1)" = "$SHA256" ] || die "the archive at $PUSHED is not the one that was sent"
  gzip -dc "$LIBRARY/node.gz" >"$LIBRARY/node.new"
  chmod 0755 "$LIBRARY/node.new"
  mv "$LIBRARY/node.new" "$LIBRARY/node"
  printf '%s\n' "$SHA256" >"$LIBRARY/node.sha256"
  rm -f "$PUSHED" "$LIBRARY/node.gz"
}

run() {
  local restart=no
  take_node && restart=yes
  if changed "$UNIT"; then systemctl daemon-reload; fi
  changed "$UNIT" "$LIBRARY/keeper.mjs" /usr/local/sbin/evenkeel-keeper /etc/evenkeel/keeper.json \
    /etc/evenkeel/tls/{ca,keeper,keeper-key}.pem && restart=yes
  systemctl enable -q evenkeel-keeper.service
  # Within its lease: a restart takes a part of a second, and the writer stays the writer.
  if [ "$restart" = yes ] || ! systemctl is-active -q evenkeel-keeper; then renew restart evenkeel-keeper.service; fi
}

secure_ssh
run
wants unit evenkeel-keeper.service enabled active
printf '{"node":"%s"}\n' "$("$LIBRARY/node" --version)"
