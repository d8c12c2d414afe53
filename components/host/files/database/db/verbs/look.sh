# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, for evenkeel-look: settings of the running server that are not as its file has them, and accounts that are
# not as birth made them. Prints a JSON list of {kind, what, wanted, found}; with --repair it mends them first. Accounts
# are looked at where they may be written, on the active database: a standby gets them from there, and nothing
# administrative ever enters its own history (writer.md, W10). Whether it is open is its role's, and no setting.
verb_look() {
  read_role
  if ! running; then
    echo '[]'
    return
  fi
  [ "$REPAIR" = false ] || mend_database
  { setting_findings && account_findings; } | jq -cRn '[inputs | split("\t") | {kind: .[0], what: .[1], wanted: .[2], found: .[3]}]'
}

may_write_accounts() { [ "$ROLE" = active ] && is_writable; }

account_findings() { ! may_write_accounts || wrong_accounts; }

# Under the lock: a verb that opens or closes the database goes first.
mend_database() {
  take_lock
  read_role
  mend_settings
  ! may_write_accounts || mend_accounts
}
