# A web host (10.10.0.31) and an edge (10.99.0.200) as network namespaces of one scratch host that has no other
# network; the host itself is 10.10.0.1 and 10.99.0.1. Needs ca.pem, site.pem and site-key.pem in /etc/test-tls.
# shellcheck shell=bash
set -euo pipefail

place() { # NAME HOST_ADDRESS ADDRESS
  ip netns add "$1"
  ip link add "to-$1" type veth peer name eth0 netns "$1"
  ip addr add "$2/24" dev "to-$1"
  ip link set "to-$1" up
  ip -n "$1" addr add "$3/24" dev eth0
  ip -n "$1" link set eth0 up
  ip -n "$1" link set lo up
}

certificates() {
  mkdir -p /etc/test-tls && cd /etc/test-tls
  curve=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  openssl req -x509 "${curve[@]}" -days 2 -keyout ca-key.pem -out ca.pem -subj '/CN=test authority'
  openssl req "${curve[@]}" -keyout site-key.pem -out site.csr -subj '/CN=shop.lab.test'
  openssl x509 -req -in site.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 2 -out site.pem \
    -extfile <(printf 'subjectAltName=DNS:shop.lab.test,DNS:localhost')
  # What a stranger in the web host's place would show: its own authority, the right name.
  openssl req -x509 "${curve[@]}" -days 2 -keyout stranger-key.pem -out stranger.pem -subj '/CN=shop.lab.test' \
    -addext 'subjectAltName=DNS:shop.lab.test'
}

web() { # CERTIFICATE KEY
  systemctl stop echo-web 2>/dev/null || true
  systemd-run --quiet --collect --unit echo-web ip netns exec web python3 /root/echo-web.py 10.10.0.31 "$1" "$2"
}
