# shellcheck shell=bash
# Role "store": the object store of a region. The program was pushed to the host; it is checked and taken over here.
# shellcheck source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly PUSHED=/var/tmp/evenkeel-versitygw PROGRAM=/usr/local/bin/versitygw SHA256='@@SHA256@@'
readonly UNIT=/etc/systemd/system/evenkeel-store.service HOME_DIR=/var/lib/evenkeel-store
readonly ENDPOINT='https://@@ADDRESS@@:@@PORT@@' REGION='@@REGION@@' BUCKET='@@BUCKET@@'

sum_of() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

# True when the program was exchanged. Taken over first and checked afterwards, so that nobody can swap it in between.
take_program() {
  [ "$(sum_of "$PROGRAM")" != "$SHA256" ] || return 1
  [ -f "$PUSHED" ] || die "the store's program was not pushed to $PUSHED"
  install -o root -g root -m 0755 "$PUSHED" "$PROGRAM.new"
  [ "$(sum_of "$PROGRAM.new")" = "$SHA256" ] || die "the program at $PUSHED is not the one that was sent"
  mv "$PROGRAM.new" "$PROGRAM"
  rm -f "$PUSHED"
}

make_folders() {
  getent passwd evenkeel-store >/dev/null ||
    useradd --system --user-group --home-dir "$HOME_DIR" --no-create-home --shell /usr/sbin/nologin evenkeel-store
  install -d -o evenkeel-store -g evenkeel-store -m 0750 "$HOME_DIR" "$HOME_DIR"/{buckets,versions,iam}
  chown root:evenkeel-store /etc/evenkeel/tls/store-key.pem
  chmod 0640 /etc/evenkeel/tls/store-key.pem
}

# The site's own key beside the operator's: it owns its bucket and sees no other.
write_users() {
  install -o evenkeel-store -g evenkeel-store -m 0600 /etc/evenkeel/store-users.json "$HOME_DIR/iam/users.json"
}

run() {
  local restart=no
  take_program && restart=yes
  make_folders
  if changed /etc/evenkeel/store-users.json || [ ! -s "$HOME_DIR/iam/users.json" ]; then write_users; restart=yes; fi
  if changed "$UNIT"; then systemctl daemon-reload; restart=yes; fi
  changed /etc/evenkeel/store.env /etc/evenkeel/tls/site.pem /etc/evenkeel/tls/store-key.pem && restart=yes
  systemctl enable -q evenkeel-store
  if [ "$restart" = yes ] || ! systemctl is-active -q evenkeel-store; then renew restart evenkeel-store.service; fi
  wait_until 20 answers || die "the object store does not answer: see journalctl -u evenkeel-store"
}

# request ACCOUNT METHOD PATH [CURL WORDS]: signed; the key comes by a file of root's, never as an argument.
request() {
  local account=$1 method=$2 path=$3
  shift 3
  curl -sS -m 10 --cacert /etc/evenkeel/tls/ca.pem -K "/etc/evenkeel/store-$account.curl" \
    --aws-sigv4 "aws:amz:$REGION:s3" -X "$method" "$@" "$ENDPOINT$path"
}

code() { request "$@" -o /dev/null -w '%{http_code}'; }

answers() { [[ $(code operator GET /) = 200 ]]; }

# The bucket is made once, for its owner, and keeps every version of what is written over.
make_bucket() {
  local found
  found=$(code operator HEAD "/$BUCKET" -I)
  if [ "$found" = 404 ]; then
    set -a
    . /etc/evenkeel/store.env
    set +a
    SSL_CERT_FILE=/etc/evenkeel/tls/ca.pem versitygw admin --endpoint-url "$ENDPOINT" --region "$REGION" \
      create-bucket --bucket "$BUCKET" --owner "@@OWNER@@" >&2 || die "the bucket $BUCKET can't be made"
  elif [ "$found" != 200 ]; then
    die "the object store answers $found for the bucket $BUCKET"
  fi
  [ "$(code media PUT "/$BUCKET?versioning" --data-binary \
    '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>')" = 200 ] ||
    die "the bucket $BUCKET can't be made to keep versions"
}

secure_ssh
install_packages curl
run
make_bucket
wants unit evenkeel-store.service enabled active
wants file "$PROGRAM"
wants file "$HOME_DIR/iam/users.json"
printf '{"versitygw":"%s","bucket":"%s","endpoint":"%s","versioning":%s}\n' "$SHA256" "$BUCKET" "$ENDPOINT" \
  "$(request media GET "/$BUCKET?versioning" | grep -q '<Status>Enabled</Status>' && echo true || echo false)"
