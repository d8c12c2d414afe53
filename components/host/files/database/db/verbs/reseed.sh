# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Gives up this host's database and fills it anew from the writer (writer.md, W9). What only this host holds must have
# been saved. From the moment it is given up the role is unseeded, so that a host that was cut short is what seed mends; the
# old database stays in its place until the copy is whole.
verb_reseed() {
  take_lock
  read_role
  refuse_while_fencing
  if [ "$ROLE" = unseeded ]; then
    [ -e "$SEEDING" ] || refuse "this host is unseeded and nothing was given up here: run evenkeel-db seed"
    choose_writer
  else
    look_for_tail
    refuse_unless_given_up
    give_up
  fi
  seed_from "$WRITER" reseeded
}
