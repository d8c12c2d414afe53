# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, asked for by another region: a physical copy of the whole database on standard output. Only the writer
# sends: a copy of anything else would found a region on a history that nobody vouches for.
verb_send() {
  read_role
  { [ "$ROLE" = active ] && is_writable; } || refuse "region '$REGION' is not the writer (its role is $ROLE)"
  # Removed at the end of the program, whatever that is.
  SCRATCH=$(mktemp -d /run/evenkeel-send.XXXXXX)
  send_copy || {
    tail -n 5 "$SCRATCH/log" >&2
    fail "the copy failed in region '$REGION'"
  }
}
