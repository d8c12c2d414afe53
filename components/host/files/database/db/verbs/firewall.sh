# shellcheck shell=bash disable=SC2034,SC2153,SC2154
# Internal: loads the packet filter anew and opens or closes the port by the role.
verb_firewall() { load_firewall running; }
