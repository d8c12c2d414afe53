<?php
/**
 * WordPress's configuration. It holds no secret and nothing of one region: all values come from
 * /etc/evenkeel/wordpress.env, which PHP alone can read.
 */

require_once '/usr/local/lib/evenkeel/web/environment.php';

// PG4WP, and no other plugin's db.php.
$evenkeel_has_drop_in = is_file('/usr/local/lib/evenkeel/pg4wp/core.php');
define('DB_NAME', evenkeel_value('DB_NAME'));
define('DB_USER', evenkeel_value('DB_USER'));
// PG4WP puts the password into libpq's line of settings as it is: quotes make one value of it.
$evenkeel_password = evenkeel_value('DB_PASSWORD');
define('DB_PASSWORD', $evenkeel_has_drop_in ? "'" . addcslashes($evenkeel_password, "\\'") . "'" : $evenkeel_password);
define('DB_HOST', evenkeel_value('DB_HOST'));
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', 'utf8mb4_unicode_520_ci');
// The server's certificate is checked against the site's CA (openssl.cafile); without TLS there is no connection.
$evenkeel_has_drop_in || define('MYSQL_CLIENT_FLAGS', MYSQLI_CLIENT_SSL);
$table_prefix = 'wp_';

foreach (['AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE'] as $evenkeel_name) {
    define("{$evenkeel_name}_KEY", evenkeel_value("{$evenkeel_name}_KEY"));
    define("{$evenkeel_name}_SALT", evenkeel_value("{$evenkeel_name}_SALT"));
}

$evenkeel_urls = evenkeel_site_urls();
$evenkeel_url = evenkeel_site_url($evenkeel_urls, $_SERVER['HTTP_HOST'] ?? '');
define('WP_HOME', $evenkeel_url);
define('WP_SITEURL', $evenkeel_url);
// Cookies are named after the public name, whichever URL was asked, so that a login holds in every region.
define('COOKIEHASH', md5($evenkeel_urls[0]));
// No plugin sees a claimed name, and TLS may have ended at a balancer.
$_SERVER['HTTP_HOST'] = evenkeel_authority($evenkeel_url);
$_SERVER['SERVER_NAME'] = parse_url($evenkeel_url, PHP_URL_HOST);
$_SERVER['HTTPS'] = 'on';
define('FORCE_SSL_ADMIN', true);

// Code is the same in every region and comes by the set-up, never by the admin pages.
define('DISALLOW_FILE_EDIT', true);
define('DISALLOW_FILE_MODS', true);
define('AUTOMATIC_UPDATER_DISABLED', true);
define('WP_AUTO_UPDATE_CORE', false);
define('FS_METHOD', 'direct');

// Scheduled tasks run by a timer of the active region, not by visitors.
define('DISABLE_WP_CRON', true);
define('WP_HTTP_BLOCK_EXTERNAL', evenkeel_value('OUTBOUND_HTTP') === 'blocked');
define('WP_DEBUG', false);
define('WP_DEBUG_DISPLAY', false);

if (!defined('ABSPATH')) {
    define('ABSPATH', __DIR__ . '/');
}
require_once ABSPATH . 'wp-settings.php';
