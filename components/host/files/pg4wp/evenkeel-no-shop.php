<?php
/**
 * Keeps WooCommerce off a site on PostgreSQL (wp-content/mu-plugins): its statements are MySQL's own, and PG4WP does not
 * rewrite them all. A shop that loses an order in silence is worse than none.
 */

defined('ABSPATH') || exit;

function evenkeel_is_shop(string $plugin): bool
{
    return preg_match('#(^|/)woocommerce\.php$#', $plugin) === 1;
}

add_action('activate_plugin', function (string $plugin): void {
    if (evenkeel_is_shop($plugin)) {
        wp_die(
            'WooCommerce is refused here: it does not support PostgreSQL. A shop takes a site with evenkeel:engine mariadb.',
            'WooCommerce is refused',
            ['response' => 403, 'back_link' => true]
        );
    }
});

// However it came into the list, it is not loaded.
add_filter('option_active_plugins', fn (mixed $plugins): mixed => is_array($plugins)
    ? array_values(array_filter($plugins, fn (mixed $plugin) => !evenkeel_is_shop((string) $plugin)))
    : $plugins);
