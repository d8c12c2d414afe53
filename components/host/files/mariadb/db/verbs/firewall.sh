# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal, before every start of the server: loads the packet filter and opens or closes the port by the role.
# No lock: a verb that holds it starts the server.
verb_firewall() { load_firewall; }
