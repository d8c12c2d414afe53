<?php
/**
 * The functions that WordPress calls for its object cache (a drop-in: wp-content/object-cache.php), kept by
 * Evenkeel_Object_Cache.
 */

defined('ABSPATH') || exit;

require_once '/usr/local/lib/evenkeel/web/redis-object-cache.php';

function wp_cache_init()
{
    $GLOBALS['wp_object_cache'] = new Evenkeel_Object_Cache();
    // Where no cache is to be used transients belong into the database. During an outage they don't: those left there
    // would come back at the next one. (A multisite asks twice, and would load core's own functions the second time.)
    if (!$GLOBALS['wp_object_cache']->isExpected() && !is_multisite()) {
        wp_using_ext_object_cache(false);
    }
}

function wp_cache_add($key, $data, $group = '', $expire = 0)
{
    return $GLOBALS['wp_object_cache']->add($key, $data, $group, (int) $expire);
}

function wp_cache_replace($key, $data, $group = '', $expire = 0)
{
    return $GLOBALS['wp_object_cache']->replace($key, $data, $group, (int) $expire);
}

function wp_cache_set($key, $data, $group = '', $expire = 0)
{
    return $GLOBALS['wp_object_cache']->set($key, $data, $group, (int) $expire);
}

function wp_cache_get($key, $group = '', $force = false, &$found = null)
{
    return $GLOBALS['wp_object_cache']->get($key, $group, $force, $found);
}

function wp_cache_get_multiple($keys, $group = '', $force = false)
{
    return $GLOBALS['wp_object_cache']->get_multiple($keys, $group, $force);
}

function wp_cache_delete($key, $group = '')
{
    return $GLOBALS['wp_object_cache']->delete($key, $group);
}

function wp_cache_incr($key, $offset = 1, $group = '')
{
    return $GLOBALS['wp_object_cache']->incr($key, $offset, $group);
}

function wp_cache_decr($key, $offset = 1, $group = '')
{
    return $GLOBALS['wp_object_cache']->decr($key, $offset, $group);
}

function wp_cache_flush()
{
    return $GLOBALS['wp_object_cache']->flush();
}

function wp_cache_flush_runtime()
{
    return $GLOBALS['wp_object_cache']->forget();
}

/** The rest of the newer calls (…_multiple) is made of these by WordPress itself (wp-includes/cache-compat.php). */
function wp_cache_supports($feature)
{
    return in_array($feature, ['get_multiple', 'flush_runtime'], true);
}

function wp_cache_close()
{
    $GLOBALS['wp_object_cache']->close();
    return true;
}

function wp_cache_add_global_groups($groups)
{
    $GLOBALS['wp_object_cache']->add_global_groups($groups);
}

function wp_cache_add_non_persistent_groups($groups)
{
    $GLOBALS['wp_object_cache']->leaveOut((array) $groups);
}

function wp_cache_switch_to_blog($blog_id)
{
    $GLOBALS['wp_object_cache']->switch_to_blog($blog_id);
}

function wp_cache_reset()
{
    $GLOBALS['wp_object_cache']->reset();
}
