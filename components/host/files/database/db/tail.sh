# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# What this host holds that the writer lacks (writer.md, W9): the tail. A saved one is TAILS/<epoch of the writer>-<id>.json,
# and beside it in a folder of that name the pieces of the log; the document is written last, so that it vouches for them.
readonly TAILS=$STATE/tails

# look_for_tail: sets OWN to this host's history, and WRITER (choose_writer), which must tell its own. OWN is asked for
# first: a host that receives holds nothing then that the writer has not. A server that a fence stopped is started, closed.
look_for_tail() {
  lift_mask
  ensure_running
  OWN=$(own_history) || fail "this database does not tell what it holds"
  choose_writer
  jq -e '.status.history != null' <<<"$WRITER" >/dev/null ||
    refuse "region '$(jq -r .region <<<"$WRITER")' does not tell what its database holds"
}

# choose_writer: sets WRITER to {region, status} of the region asked for, or of the writer.
choose_writer() {
  ABSENT=()
  ask_peers
  if [ -n "$ASKED_REGION" ]; then
    WRITER=$(jq -c --arg region "$ASKED_REGION" '.[] | select(.region == $region and .status != null)' <<<"$PEERS")
  else
    WRITER=$(writer_among_peers)
  fi
  [ -n "$WRITER" ] || refuse "no region that answers${ASKED_REGION:+ as $ASKED_REGION} is the writer, and nothing can be compared with it or had from it"
}

# ask_tail range|tail|pieces: the answer of tail.py.
ask_tail() {
  if [ "$1" = tail ]; then open_client digest_client; fi
  jq -cn --arg ask "$1" --arg own "$OWN" --argjson writer "$WRITER" \
    '{$ask, $own, other: $writer.status.history, epoch: $writer.status.epoch, region: $writer.region}' |
    tied python3 -I "$LIBRARY/tail.py" || fail "what only this host holds can't be read"
}

# open_client PROGRAM: the database's own session on file descriptors 3 and 4, until the verb ends. Opened anew: a copy
# would be closed for programs like the coprocess's own.
open_client() {
  coproc CLIENT { "$1"; }
  exec 3<"/dev/fd/${CLIENT[0]}" 4>"/dev/fd/${CLIENT[1]}"
}

saved_tail() { printf '%s/%s-%s.json' "$TAILS" "$(jq -r .status.epoch <<<"$WRITER")" "$1"; }

# save_tail FILE ID: the document in FILE, and the pieces of the log that hold it.
save_tail() {
  local path folder piece pieces
  path=$(saved_tail "$2")
  folder=${path%.json}
  if [ -e "$path" ]; then return; fi
  (
    umask 077
    mkdir -p "$TAILS"
    rm -rf "$folder"
    mkdir "$folder"
  )
  pieces=$(ask_tail pieces)
  while read -r piece; do
    [ -z "$piece" ] || (umask 077 && cp --no-preserve=mode,ownership "$piece" "$folder/") || fail "$piece can't be copied to $folder"
  done < <(jq -r '.pieces[]' <<<"$pieces")
  sync -f "$folder"
  (umask 077 && cat "$1" >"$path.new")
  sync "$path.new" && mv -f "$path.new" "$path" && sync "$TAILS"
}

# unsaved_tail_problems: why what only this host holds may not be given up yet.
unsaved_tail_problems() {
  local tail id
  tail=$(ask_tail range)
  id=$(jq -r '.id // ""' <<<"$tail")
  [ -z "$id" ] || [ -e "$(saved_tail "$id")" ] ||
    echo "this host holds transactions that region '$(jq -r .region <<<"$WRITER")' lacks, and they are not saved: evenkeel-db tail --save goes before"
}

# What speaks against giving up this host's database for the writer's, one a line.
giving_up_problems() {
  local epoch
  epoch=$(jq -r .status.epoch <<<"$WRITER")
  case "$ROLE" in
    fenced) [ "$epoch" -gt "$EPOCH" ] || echo "this host was fenced at epoch $EPOCH, and the writer's epoch is $epoch: evenkeel-db resume or follow" ;;
    standby) [ "$epoch" -ge "$EPOCH" ] || echo "the writer's epoch $epoch is older than $EPOCH, which is known here" ;;
    *) echo "the role of this host is $ROLE: fence it first" ;;
  esac
  jq -e '.status | .role == "active" and .writable == true' <<<"$WRITER" >/dev/null ||
    echo "region '$(jq -r .region <<<"$WRITER")' is not the writer"
  unsaved_tail_problems
}

refuse_unless_given_up() {
  local problems
  problems=$(giving_up_problems)
  [ -z "$problems" ] || refuse "$problems"
}

# The marker goes first: with a role that is known it means nothing. Nobody reads here any more, not even
# behind a reboot.
give_up() {
  printf 'given up\n' | put_durably "$SEEDING"
  stop_heartbeat || fail "the heartbeat does not stop"
  close_port
  remove_durably "$OPENING"
  write_role "$EPOCH" unseeded '' true
}
