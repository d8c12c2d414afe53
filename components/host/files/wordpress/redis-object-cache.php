<?php
/**
 * Core's object cache with the region's Redis behind it. Core's own class does the work within a request; this one adds
 * what outlives it, and does without where Redis is gone. Only where the gate is open: a standby's database changes
 * without WordPress knowing, so what it kept would grow stale.
 */

defined('ABSPATH') || exit;

require_once __DIR__ . '/cache.php';
require_once ABSPATH . WPINC . '/class-wp-object-cache.php';

class Evenkeel_Object_Cache extends WP_Object_Cache
{
    /** What is kept without an end of its own goes after a week, so that a cache that never fills up is not forever. */
    private const LONGEST_SECONDS = 604800;

    private ?Redis $redis = null;
    /** Whether this request should have had Redis. */
    private bool $isExpected = false;
    /** Whether Redis is not told what it changes: the gate is closed, the database is the active one still, or already. */
    private bool $isPassedBy = false;
    private string $prefix = '';
    private string $generation = '';
    /** @var array<string, true> What this request changed, as names without their prefix. */
    private array $changed = [];
    /** @var array<string, true> */
    private array $unkept = ['counts' => true, 'plugins' => true, 'themes' => true];

    public function __construct()
    {
        parent::__construct();
        $mayWrite = evenkeel_has_cache() && $this->databaseIsWritable();
        $this->isExpected = $mayWrite && evenkeel_gate()['open'];
        $this->isPassedBy = $mayWrite && !$this->isExpected;
        if ($this->isExpected) {
            $this->redis = evenkeel_cache_connect();
            $this->begin();
        }
    }

    /** Names from here on belong to the epoch and generation of now. */
    private function begin(): void
    {
        $this->generation = (string) $this->ask(evenkeel_cache_generation(...));
        $this->prefix = $this->prefixOf($this->generation);
    }

    private function prefixOf(string $generation): string
    {
        return evenkeel_cache_base() . ':' . evenkeel_gate()['epoch'] . ":$generation:";
    }

    /** A gate may be open for a moment longer than the database is the active one; what changes there is not told here. */
    private function databaseIsWritable(): bool
    {
        global $wpdb;
        $answer = $wpdb instanceof wpdb ? strtoupper((string) $wpdb->get_var('SELECT @@global.read_only')) : '';
        return $answer === '0' || $answer === 'OFF';
    }

    public function isExpected(): bool
    {
        return $this->isExpected;
    }

    /**
     * A request that went without Redis may have changed anything. One that began in an older generation told the
     * older names only: what it changed is taken out of the newer generation too, where others may have put what they
     * read before.
     */
    public function close(): void
    {
        if ($this->isPassedBy) {
            // The gate may open again without a purge, where the lease was only away for a moment.
            evenkeel_cache_missed();
        }
        if (!$this->isExpected) {
            return;
        }
        $now = $this->ask(evenkeel_cache_generation(...));
        if ($this->redis === null) {
            evenkeel_cache_missed();
        } elseif ($now !== $this->generation && $this->changed !== []) {
            $prefix = $this->prefixOf($now);
            $names = array_map(fn ($name) => $prefix . $name, array_map(strval(...), array_keys($this->changed)));
            $this->ask(fn (Redis $redis) => $redis->del($names));
        }
    }

    /** @param list<string> $groups */
    public function leaveOut(array $groups): void
    {
        $this->unkept += array_fill_keys($groups, true);
    }

    public function add($key, $data, $group = 'default', $expire = 0)
    {
        if (wp_suspend_cache_addition()) {
            return false;
        }
        $name = $this->nameOf($key, $group);
        if ($name === null) {
            return parent::add($key, $data, $group, $expire);
        }
        $options = ['nx', 'ex' => $this->seconds($expire)];
        $added = $this->ask(fn (Redis $redis) => $redis->set($name, serialize($data), $options));
        if ($added === null) {
            return parent::add($key, $data, $group, $expire);
        }
        return $added && parent::set($key, $data, $group, $expire);
    }

    public function replace($key, $data, $group = 'default', $expire = 0)
    {
        $this->get($key, $group, false, $found);
        return $found && $this->set($key, $data, $group, (int) $expire);
    }

    public function set($key, $data, $group = 'default', $expire = 0)
    {
        $name = $this->nameOf($key, $group, true);
        if ($name !== null) {
            $this->ask(fn (Redis $redis) => $redis->setex($name, $this->seconds($expire), serialize($data)));
        }
        return parent::set($key, $data, $group, $expire);
    }

    public function get($key, $group = 'default', $force = false, &$found = null)
    {
        $name = $this->nameOf($key, $group);
        if ($name === null || (!$force && $this->isRemembered($key, $group))) {
            return parent::get($key, $group, $force, $found);
        }
        $this->take($key, $group, $this->ask(fn (Redis $redis) => $redis->get($name)));
        return parent::get($key, $group, false, $found);
    }

    public function get_multiple($keys, $group = 'default', $force = false)
    {
        $wanted = array_filter(
            $keys,
            fn ($key) => $this->nameOf($key, $group) !== null && ($force || !$this->isRemembered($key, $group))
        );
        if ($wanted !== []) {
            $names = array_map(fn ($key) => $this->nameOf($key, $group), array_values($wanted));
            $values = $this->ask(fn (Redis $redis) => $redis->mget($names));
            foreach (array_values($wanted) as $i => $key) {
                $this->take($key, $group, $values[$i] ?? false);
            }
        }
        $found = [];
        foreach ($keys as $key) {
            $found[$key] = parent::get($key, $group);
        }
        return $found;
    }

    public function delete($key, $group = 'default', $deprecated = false)
    {
        $name = $this->nameOf($key, $group, true);
        $kept = $name === null ? 0 : $this->ask(fn (Redis $redis) => $redis->del($name));
        return parent::delete($key, $group) || $kept > 0;
    }

    public function incr($key, $offset = 1, $group = 'default')
    {
        return $this->count($key, (int) $offset, $group);
    }

    public function decr($key, $offset = 1, $group = 'default')
    {
        return $this->count($key, -(int) $offset, $group);
    }

    /** As core counts: from what is there, never below zero, and without touching its end. */
    private function count($key, int $by, $group)
    {
        $before = $this->get($key, $group, true, $found);
        if (!$found) {
            return false;
        }
        $after = max(0, (is_numeric($before) ? (int) $before : 0) + $by);
        $name = $this->nameOf($key, $group, true);
        if ($name !== null) {
            $this->ask(fn (Redis $redis) => $redis->set($name, serialize($after), ['xx', 'keepttl']));
        }
        parent::set($key, $after, $group);
        return $after;
    }

    public function flush()
    {
        $this->ask(evenkeel_cache_give_up(...));
        $this->begin();
        return parent::flush();
    }

    /** What only this request remembers. */
    public function forget(): bool
    {
        return parent::flush();
    }

    private function isRemembered($key, $group): bool
    {
        parent::get($key, $group, false, $found);
        return $found;
    }

    /** Puts what Redis answered (false: nothing) where core's class finds it. */
    private function take($key, $group, $text): void
    {
        if (is_string($text)) {
            parent::set($key, unserialize($text), $group);
        } else {
            parent::delete($key, $group);
        }
    }

    /** The name in Redis; null for what is not kept there. What is to be changed is remembered until the end. */
    private function nameOf($key, $group, bool $isChanged = false): ?string
    {
        $group = $group ?: 'default';
        if ($this->redis === null || isset($this->unkept[$group]) || !$this->is_valid_key($key)) {
            return null;
        }
        $blog = $this->multisite && !isset($this->global_groups[$group]) ? $this->blog_prefix : '';
        if ($isChanged) {
            $this->changed["$blog$group:$key"] = true;
        }
        return "{$this->prefix}$blog$group:$key";
    }

    private function seconds($expire): int
    {
        $expire = (int) $expire;
        return $expire > 0 ? min($expire, self::LONGEST_SECONDS) : self::LONGEST_SECONDS;
    }

    /** The answer, or null where Redis is gone; then this request goes on without it. */
    private function ask(callable $question)
    {
        if ($this->redis === null) {
            return null;
        }
        try {
            return $question($this->redis);
        } catch (RedisException) {
            evenkeel_cache_failed();
            $this->redis = null;
            return null;
        }
    }
}
