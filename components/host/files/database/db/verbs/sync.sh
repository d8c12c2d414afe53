# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Commits of the open database wait for these regions and no others (writer.md, W5, W11); none: no commit waits. The
# caller has etcd's word for it: a wait that ends tells clients of what only this region holds.
verb_sync() {
  take_lock
  read_role
  open_session
  ackers
  refuse_while_fencing
  refuse_other_epoch
  is_writable || refuse "this database is closed: evenkeel-db open sets whom it waits for"
  set_wait "${ACKERS[@]}"
  jq -cn --argjson epoch "$EPOCH" --argjson waitsFor "$(as_list "${ACKERS[@]}")" '{$epoch, $waitsFor}'
}
