<?php
/**
 * WordPress's database where it is PostgreSQL (a drop-in: wp-content/db.php): PG4WP, which lies outside the web root,
 * and what the site demands of every connection. PG4WP names no TLS mode, so libpq takes it from the environment.
 */

defined('ABSPATH') || exit;

putenv('PGSSLMODE=verify-full');
putenv('PGSSLROOTCERT=/etc/evenkeel/tls/ca.pem');
// Nobody shows a certificate here, and none is looked for in a home that may be another user's.
putenv('PGSSLCERTMODE=disable');
putenv('PGCONNECT_TIMEOUT=3');
putenv('PGOPTIONS=-c timezone=UTC');

const DB_DRIVER = 'pgsql';
// Its logs would hold whole statements, with what visitors typed.
const PG4WP_DEBUG = false;
const PG4WP_LOG_ERRORS = false;
const PG4WP_LOG = '';
const PG4WP_ROOT = '/usr/local/lib/evenkeel/pg4wp';
// WordPress's own class names it, and this PHP may be without mysqli.
defined('MYSQLI_REPORT_OFF') || define('MYSQLI_REPORT_OFF', 0);

// A WordPress that could not be installed would send everybody to an installation that is closed.
add_filter('wp_redirect', function (string $place): string {
    if (wp_installing() || !str_ends_with($place, '/wp-admin/install.php')) {
        return $place;
    }
    require '/usr/local/lib/evenkeel/web/page.php';
    exit;
});

// PG4WP does not outlive an INSERT that is refused, and a standby's database refuses all (the server says so by itself,
// nothing is asked). Without a statement WordPress takes it that the write failed, and serves the page.
add_filter('query', function (string $statement): string {
    $connection = $GLOBALS['pg4wp_conn'] ?? false;
    $writes = preg_match('/^\s*(INSERT|REPLACE|UPDATE|DELETE|CREATE|ALTER|DROP|TRUNCATE)\b/i', $statement) === 1;
    return $writes && $connection && pg_parameter_status($connection, 'in_hot_standby') === 'on' ? '' : $statement;
});

require_once PG4WP_ROOT . '/core.php';
