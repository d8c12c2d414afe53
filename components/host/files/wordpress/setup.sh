# The web role: nginx, PHP-FPM and WordPress or, where the site has none, the order ledger alone. Run as root by the role runner; may be repeated at any time.
# shellcheck shell=bash source=/dev/null
. /usr/local/lib/evenkeel/role.sh

readonly library=/usr/local/lib/evenkeel/web
readonly archive_wanted='@@ARCHIVE_WANTED@@' uploads_device='@@UPLOADS_DEVICE@@'
readonly engine='@@ENGINE@@' wordpress='@@WORDPRESS@@' drop_in='@@DROP_IN@@'
# The package wordpress asks for "a web server" and "a PHP": nginx, php-fpm and php are named with it, so that no
# Apache comes along.
packages=(nginx-light php-fpm php-cli php-gd php-xml php-curl php-mbstring php-zip php-intl php-redis php)
case $engine in
  mariadb) packages+=(php-mysql mariadb-client) ;;
  postgresql) packages+=(php-pgsql postgresql-client-17) ;;
esac
[ -z "$uploads_device" ] || packages+=(e2fsprogs)
[ "$archive_wanted" = yes ] || [ "$wordpress" = no ] || packages+=(wordpress wordpress-theme-twentytwentyfive)

php_version() { php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;'; }

# link TARGET NAME: true when the link had to be made.
link() {
  [ "$(readlink -- "$2")" = "$1" ] && return 1
  ln -sfn -- "$1" "$2"
}

# True when the pool's size is another now. Exit code 3 of pool-size: as it was.
size_pool() {
  local status=0
  "$library/pool-size" /etc/evenkeel/web.json /etc/evenkeel/php/pool-size.conf /var/lib/evenkeel/php-pool.json || status=$?
  case $status in 0) ;; 3) return 1 ;; *) die "the size of PHP's pool could not be worked out" ;; esac
}

configure_php() {
  local directory=/etc/php/$1 reload=no
  size_pool && reload=yes
  link /etc/evenkeel/php/pool.conf "$directory/fpm/pool.d/evenkeel.conf" && reload=yes
  link /etc/evenkeel/php/pool-size.conf "$directory/fpm/pool.d/evenkeel-size.conf" && reload=yes
  link /etc/evenkeel/php/limits.ini "$directory/fpm/conf.d/90-evenkeel.ini" && reload=yes
  link /etc/evenkeel/php/limits.ini "$directory/cli/conf.d/90-evenkeel.ini" || true
  if [ -e "$directory/fpm/pool.d/www.conf" ]; then
    mv "$directory/fpm/pool.d/www.conf" "$directory/fpm/pool.d/www.conf.unused"
    reload=yes
  fi
  changed /etc/evenkeel/php/pool.conf /etc/evenkeel/php/limits.ini /etc/evenkeel/tls/ca.pem && reload=yes
  "php-fpm$1" -t >&2 2>&1 || die "PHP-FPM refuses its configuration"
  systemctl enable --quiet "php$1-fpm"
  if [ "$reload" = yes ] || ! systemctl is-active --quiet "php$1-fpm"; then
    renew reload "php$1-fpm.service"
  fi
}

# put FILE: into wp-content or the root of the site, whole or not at all.
put() {
  cmp -s "$1" "$2" && return 0
  install -o www-data -g www-data -m 0644 "$1" "$2.new"
  mv -T "$2.new" "$2"
}

# A site without WordPress has a page that says so, and the ledger.
place_page() {
  [ ! -e /var/lib/evenkeel/core.json ] || die "this host has WordPress, which is not taken away again"
  install -d -o www-data -g www-data -m 0755 /var/www/html /var/www/html/wp-content /var/www/html/wp-content/uploads
  rm -f /var/www/html/index.nginx-debian.html
  put /usr/local/lib/evenkeel/web/page.php /var/www/html/index.php
  [ -z "$uploads_device" ] || "$library/uploads-volume" "$uploads_device"
}

# Another text after each exchange of the core, also for one of the same version.
core_written() { stat -c '%i %z' /var/lib/evenkeel/core.json 2>/dev/null || true; }

# Ahead of the core, which brings along what is in wp-content: on PostgreSQL no request must meet it without.
place_drop_in() {
  local content=/var/www/html/wp-content
  [ -z "$("$library/install-drop-in")" ] || ! systemctl is-active --quiet "php$1-fpm" || renew reload "php$1-fpm.service"
  install -d -o www-data -g www-data -m 0755 /var/www/html "$content" "$content/mu-plugins"
  put "$library/db.php" "$content/db.php"
  put "$library/evenkeel-no-shop.php" "$content/mu-plugins/evenkeel-no-shop.php"
}

place_core() {
  local before
  before=$(core_written)
  "$library/install-core" >&2
  # PHP keeps compiled code for a moment: after an exchange none of the old may be left.
  [ "$(core_written)" = "$before" ] || renew reload "php$1-fpm.service"
  [ -z "$uploads_device" ] || "$library/uploads-volume" "$uploads_device"
  put "$library/wp-config.php" /var/www/html/wp-config.php
  # PG4WP loads core's own object cache first. WordPress would believe in ours without using it, and keep no transient.
  if [ "$drop_in" = no ] && grep -q '^REDIS_HOST=' /etc/evenkeel/wordpress.env; then
    put "$library/object-cache.php" /var/www/html/wp-content/object-cache.php
  else
    rm -f /var/www/html/wp-content/object-cache.php
  fi
}

configure_nginx() {
  local reload=no
  link ../sites-available/evenkeel /etc/nginx/sites-enabled/evenkeel && reload=yes
  if [ -e /etc/nginx/sites-enabled/default ]; then
    rm /etc/nginx/sites-enabled/default
    reload=yes
  fi
  changed /etc/nginx/sites-available/evenkeel \
    /etc/nginx/snippets/evenkeel-{gate,headers,ledger,tls,php,probe,probes}.conf /etc/evenkeel/tls/site{,-key}.pem && reload=yes
  nginx -t -q >&2 || die "nginx refuses its configuration"
  systemctl enable --quiet nginx
  if [ "$reload" = yes ] || ! systemctl is-active --quiet nginx; then
    renew reload nginx.service
  fi
}

configure_units() {
  if changed /etc/systemd/system/evenkeel-{cron.service,cron.timer,settle.service,drain.service}; then
    systemctl daemon-reload
  fi
  # Stopped before what serves: systemd stops what comes after first. Debian names the unit after PHP's version.
  local order=/etc/systemd/system/evenkeel-drain.service.d/php.conf
  if ! grep -qxF "After=php$1-fpm.service" "$order" 2>/dev/null; then
    mkdir -p "${order%/*}"
    printf '[Unit]\nAfter=php%s-fpm.service\n' "$1" >"$order"
    systemctl daemon-reload
  fi
  systemctl enable --quiet evenkeel-settle.service evenkeel-drain.service
  systemctl start evenkeel-drain.service
}

# A host that serves already goes on; a new one is held until its gate is settled.
hold() {
  systemctl is-active --quiet nginx && return 0
  systemd-tmpfiles --create /etc/tmpfiles.d/evenkeel-web.conf
}

answers() { curl -sS -m 3 http://127.0.0.1/evenkeel/live | grep -q '"place"'; }

# A web host made again in the active region opens by itself. An open gate is left alone: a database that is away for
# a moment must not close it for good.
settle_gate() {
  local answer
  [ ! -e /run/evenkeel/gate-open ] || return 0
  answer=$(/usr/local/sbin/evenkeel-web settle --deadline 2)
  printf '%s\n' "$answer" >&2
  grep -q '"certain": true' <<<"$answer"
}

secure_ssh
hold
install_packages "${packages[@]}"
install -d -o www-data -g www-data -m 0750 /var/lib/evenkeel-cache
php=$(php_version)
configure_php "$php"
[ "$drop_in" = no ] || place_drop_in "$php"
if [ "$wordpress" = yes ]; then place_core "$php"; else place_page; fi
set_kernel net.core.somaxconn=4096
configure_nginx
configure_units "$php"
wait_until 20 answers || die "the web tier does not answer at /evenkeel/live"
# While the database gives no clear answer, a new host stays held: with its gate closed it would refuse what the other
# hosts of an active region take. What settles it after a boot asks on, and lets it go in the end.
if settle_gate; then
  rm -f /run/evenkeel/held
elif [ -e /run/evenkeel/held ]; then
  systemctl start --no-block evenkeel-settle.service
fi
wants unit nginx.service enabled active
wants unit "php$php-fpm.service" enabled active
wants folder /etc/nginx nginx.service reload
wants folder "/etc/php/$php" "php$php-fpm.service" reload
wants unit evenkeel-settle.service enabled
wants unit evenkeel-drain.service enabled active
wants file /etc/nginx/sites-enabled/evenkeel
for name in fpm/pool.d/evenkeel.conf fpm/pool.d/evenkeel-size.conf fpm/conf.d/90-evenkeel.ini cli/conf.d/90-evenkeel.ini; do
  wants file "/etc/php/$php/$name"
done
wants file /etc/evenkeel/php/pool-size.conf
if [ "$wordpress" = yes ]; then
  wants file /var/www/html/wp-config.php
  ours=(object-cache.php)
  [ ! -e /usr/local/lib/evenkeel/pg4wp/core.php ] || ours+=(db.php mu-plugins/evenkeel-no-shop.php)
  for name in "${ours[@]}"; do
    [ ! -e "/var/www/html/wp-content/$name" ] || wants file "/var/www/html/wp-content/$name"
  done
  wants look "$library/core-files" look
else
  wants file /var/www/html/index.php
fi
/usr/local/sbin/evenkeel-web status
