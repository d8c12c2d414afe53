<?php
/**
 * The region's Redis as web hosts use it. It fails open: where Redis is gone every caller goes on without it, within
 * tenths of a second, and nobody asks again for some seconds. What was not told to Redis meanwhile can't be known
 * afterwards, so after an outage everything it kept is given up before anything is read (writer.md, W14): keys carry
 * the gate's epoch and a generation, and giving up is beginning another generation.
 */

require_once __DIR__ . '/environment.php';

const EVENKEEL_CACHE_PORT = 6379;
const EVENKEEL_CACHE_CONNECT_SECONDS = 0.1;
const EVENKEEL_CACHE_READ_SECONDS = 0.3;
/** How long nobody on this host tries again after a failure. */
const EVENKEEL_CACHE_PAUSE_SECONDS = 3;
/** Exists from a failure until what was kept is given up. On disk, since a reboot must not forget it. */
const EVENKEEL_CACHE_OUTAGE = '/var/lib/evenkeel-cache/outage';

/** Whether this region has a cache at all. */
function evenkeel_has_cache(): bool
{
    return (evenkeel_environment()['REDIS_HOST'] ?? '') !== '';
}

/** The connection, or null where there is none to be had now. Never throws. */
function evenkeel_cache_connect(): ?Redis
{
    $outage = evenkeel_cache_outage();
    if ($outage !== null && abs(time() - evenkeel_cache_failed_at($outage)) < EVENKEEL_CACHE_PAUSE_SECONDS) {
        return null;
    }
    try {
        $redis = new Redis();
        // A connection that breaks is an outage, never quietly another connection to an emptied server.
        $redis->setOption(Redis::OPT_MAX_RETRIES, 0);
        $redis->connect(
            evenkeel_value('REDIS_HOST'),
            EVENKEEL_CACHE_PORT,
            EVENKEEL_CACHE_CONNECT_SECONDS,
            null,
            0,
            EVENKEEL_CACHE_READ_SECONDS
        );
        $redis->auth([evenkeel_value('REDIS_USER'), evenkeel_value('REDIS_PASSWORD')]);
        if ($outage !== null) {
            evenkeel_cache_give_up($redis);
            evenkeel_cache_end_outage($outage);
        }
        return $redis;
    } catch (RedisException) {
        evenkeel_cache_failed();
        return null;
    }
}

/** Redis did not answer: nobody asks for some seconds, and what it kept counts no more. */
function evenkeel_cache_failed(): void
{
    evenkeel_cache_note_outage(time());
}

/** Something may have been changed without Redis being told: what it kept counts no more, but it may be asked at once. */
function evenkeel_cache_missed(): void
{
    evenkeel_cache_note_outage(evenkeel_cache_failed_at(evenkeel_cache_outage() ?? ''));
}

/** The note of an outage; null where there is none. That it exists counts, whatever it says. */
function evenkeel_cache_outage(): ?string
{
    $note = @file_get_contents(EVENKEEL_CACHE_OUTAGE);
    return $note === false && !file_exists(EVENKEEL_CACHE_OUTAGE) ? null : (string) $note;
}

/**
 * Each note differs, so that one made while an older one is being dealt with is not taken away with it. Written beside
 * and renamed: nobody ever meets half a note. Where the disk is full an empty one still says that there was an outage.
 */
function evenkeel_cache_note_outage(int $failedAt): void
{
    $name = bin2hex(random_bytes(8));
    $draft = EVENKEEL_CACHE_OUTAGE . ".$name";
    @file_put_contents($draft, "$failedAt $name\n");
    if (!@rename($draft, EVENKEEL_CACHE_OUTAGE) && !@touch(EVENKEEL_CACHE_OUTAGE)) {
        error_log('evenkeel: an outage of the object cache cannot be noted: what it kept may be stale');
    }
}

function evenkeel_cache_end_outage(string $note): void
{
    if (evenkeel_cache_outage() === $note) {
        @unlink(EVENKEEL_CACHE_OUTAGE);
    }
}

function evenkeel_cache_failed_at(string $note): int
{
    return (int) strtok($note, ' ');
}

/** What the names of all keys of this site begin with. */
function evenkeel_cache_base(): string
{
    return 'evenkeel:' . evenkeel_value('SITE');
}

/** The generation that counts; one that was lost (a restart) is never met again. Throws RedisException. */
function evenkeel_cache_generation(Redis $redis): string
{
    $name = evenkeel_cache_base() . ':generation';
    $redis->set($name, bin2hex(random_bytes(8)), ['nx']);
    return (string) $redis->get($name);
}

/** Nothing that was kept is read again. Throws RedisException. */
function evenkeel_cache_give_up(Redis $redis): void
{
    if ($redis->set(evenkeel_cache_base() . ':generation', bin2hex(random_bytes(8))) !== true) {
        throw new RedisException('the generation cannot be set');
    }
}
