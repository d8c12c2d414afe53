<?php
/**
 * Installs WordPress into an empty schema of the active region, once a site (facts by standard input: {title, url,
 * adminUser, adminPassword, adminEmail}). Prints {installed, reason}. A run that was cut short is carried on: the
 * option evenkeel_install says "begun" until everything is there. Exit 12: refused on facts.
 */

require __DIR__ . '/database.php';

function evenkeel_finish(bool $installed, ?string $reason): never
{
    echo json_encode(['installed' => $installed, 'reason' => $reason]), "\n";
    exit(0);
}

/** @return list<string> Tables of the schema that are neither WordPress's own nor the ledger's. */
function evenkeel_foreign_tables(object $database): array
{
    return array_values(array_filter(evenkeel_tables($database), fn (string $name) => preg_match('/^(wp|evenkeel)_/', $name) !== 1));
}

/** @return list<string> */
function evenkeel_tables(object $database): array
{
    return array_column(evenkeel_rows($database, EVENKEEL_TABLES), 0);
}

/** Whether everything is installed. A schema cut short in the middle counts as empty, or says "begun". */
function evenkeel_is_installed(object $database): bool
{
    if (!in_array('wp_options', evenkeel_tables($database), true)) {
        return false;
    }
    $found = evenkeel_rows($database, "SELECT option_name, option_value FROM wp_options
        WHERE option_name IN ('siteurl', 'evenkeel_install')");
    $options = array_column($found, 1, 0);
    return ($options['siteurl'] ?? '') !== '' && ($options['evenkeel_install'] ?? '') !== 'begun';
}

/** No mail and no request to anyone during the installation. */
function evenkeel_quieten(): void
{
    add_filter('pre_wp_mail', '__return_true');
    add_filter('pre_http_request', fn () => new WP_Error('evenkeel_install', 'no requests during the installation'));
    add_action('populate_options', fn () => add_option('evenkeel_install', 'begun'));
}

/**
 * Whether the password opens the login form. What a form sends reaches WordPress with slashes before quotes and
 * backslashes; whether it takes them off again before it compares differs between versions.
 */
function evenkeel_password_fits(array $job): bool
{
    $_POST = wp_slash(['log' => $job['adminUser'], 'pwd' => $job['adminPassword']]);
    $user = wp_signon();
    $_POST = [];
    if ($user instanceof WP_User) {
        WP_Session_Tokens::get_instance($user->ID)->destroy_all();
    }
    return $user instanceof WP_User;
}

function evenkeel_fit_password(array $job): void
{
    foreach ([$job['adminPassword'], wp_slash($job['adminPassword'])] as $password) {
        if (evenkeel_password_fits($job)) {
            return;
        }
        wp_set_password($password, username_exists($job['adminUser']));
    }
}

/** Each step looks before it acts, so that a second run repairs what a first one left half done. */
function evenkeel_install(array $job): void
{
    global $wp_rewrite;
    $user = username_exists($job['adminUser']);
    if ($user === false) {
        wp_install($job['title'], $job['adminUser'], $job['adminEmail'], true, '', $job['adminPassword']);
    } elseif (!term_exists((int) get_option('default_category'), 'category')) {
        wp_install_defaults($user);
    }
    evenkeel_fit_password($job);
    $wp_rewrite->set_permalink_structure('/%postname%/');
    update_option('home', $job['url']);
    update_option('siteurl', $job['url']);
    update_option('evenkeel_install', 'done');
}

$evenkeel_job = json_decode(stream_get_contents(STDIN), true, 4, JSON_THROW_ON_ERROR);
try {
    $evenkeel_database = evenkeel_connect_as_site();
    if (evenkeel_is_read_only($evenkeel_database)) {
        evenkeel_finish(false, 'the database of this region is read-only');
    }
    $evenkeel_foreign = evenkeel_foreign_tables($evenkeel_database);
    if ($evenkeel_foreign !== []) {
        fwrite(STDERR, 'the schema holds tables that are not WordPress\'s: ' . implode(', ', $evenkeel_foreign) . "\n");
        exit(12);
    }
    if (evenkeel_is_installed($evenkeel_database)) {
        evenkeel_finish(false, 'WordPress is installed already');
    }
    unset($evenkeel_database);
} catch (EvenkeelDatabaseError $error) {
    fwrite(STDERR, "the database does not answer: {$error->getMessage()}\n");
    exit(1);
}

// At the top level, since WordPress's configuration sets globals.
define('WP_INSTALLING', true);
// An installation that was cut short leaves some tables and no options, which WordPress gives up at unless it is
// told that somebody is mending them.
define('WP_REPAIRING', true);
// Widgets write options before there is a table, which PG4WP does not outlive. WordPress takes hooks set this early.
if (is_file('/usr/local/lib/evenkeel/pg4wp/core.php')) {
    $evenkeel_hook = fn () => remove_action('init', 'wp_widgets_init', 1);
    $wp_filter['plugins_loaded'][10][] = ['function' => $evenkeel_hook, 'accepted_args' => 0];
}
require '/var/www/html/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
evenkeel_quieten();
evenkeel_install($evenkeel_job);
evenkeel_finish(true, null);
