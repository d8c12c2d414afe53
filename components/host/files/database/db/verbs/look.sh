# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, for evenkeel-look: settings of the running server that are not as its file has them, and accounts that are
# not as birth made them. Prints a JSON list of {kind, what, wanted, found}; with --repair it mends them first. Accounts
# are made where they may be written, on the active database: a standby gets them from there, and nothing
# administrative ever enters its own history (writer.md, W10). Whether it is open is its role's, and no setting.
verb_look() {
  read_role
  if ! running && ! refuses_administrator; then
    echo '[]'
    return
  fi
  [ "$REPAIR" = false ] || mend_database
  database_findings | jq -cRn '[inputs | split("\t") | {kind: .[0], what: .[1], wanted: .[2], found: .[3]}]'
}

# Nothing more can be asked where the administrator does not get in.
database_findings() {
  filter_is_loaded || printf 'file\t/etc/evenkeel/database.nft\tin force\tnot loaded\n'
  if refuses_administrator; then
    administrator_findings
  else
    setting_findings
    account_findings
  fi
}

may_write_accounts() { [ "$ROLE" = active ] && is_writable; }

may_own_accounts() { [ "$ROLE" = standby ] && standby_has_own_accounts; }

account_findings() { if may_write_accounts || may_own_accounts; then wrong_accounts; fi; }

# Under the lock: a verb that opens or closes the database goes first.
mend_database() {
  take_lock
  read_role
  filter_is_loaded || load_firewall running
  if refuses_administrator; then readmit_administrator || return 0; fi
  mend_settings
  if may_write_accounts; then
    mend_accounts
  elif may_own_accounts; then
    mend_standby_accounts
    # What the writer mends at this moment arrives a little later.
    within 5 wait_for no_account_found || :
  fi
}

no_account_found() {
  local findings
  findings=$(wrong_accounts) && [ -z "$findings" ]
}
