# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, before every start of the server, whoever starts it: without its packet filter, or able to come up
# writable, it does not start (writer.md, W1). No lock: a verb that holds it starts the server.
verb_prestart() {
  load_firewall starting
  rm -f "$WAITED_FOR"
  start_closed
}
