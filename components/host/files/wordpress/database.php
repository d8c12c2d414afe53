<?php
/** Short questions to the region's own database, outside WordPress. engine.php has how. */

require_once __DIR__ . '/environment.php';

const EVENKEEL_CA = '/etc/evenkeel/tls/ca.pem';
const EVENKEEL_CONNECT_SECONDS = 1;
/** Whoever may wait longer for an answer says so beforehand. */
defined('EVENKEEL_ANSWER_SECONDS') || define('EVENKEEL_ANSWER_SECONDS', 1);

/** A commit whose answer did not come. */
final class EvenkeelUnknownOutcome extends RuntimeException
{
}

/** A row replicated from a region whose clock runs a little ahead may be this young. */
const EVENKEEL_LEAST_AGE_SECONDS = -1.0;

require_once __DIR__ . '/engine.php';

/** The database as the site uses it. */
function evenkeel_connect_as_site(): object
{
    return evenkeel_connect(evenkeel_value('DB_USER'), evenkeel_value('DB_PASSWORD'), evenkeel_value('DB_NAME'));
}

/**
 * The row that the active region's heartbeat writes every second, its age by the database's own clock.
 *
 * @return array{region: string, epoch: int, ageSeconds: float, readOnly: bool}|null null where there is no row yet
 */
function evenkeel_heartbeat(): ?array
{
    $schema = evenkeel_value('HEALTH_SCHEMA');
    $database = evenkeel_connect(evenkeel_value('HEALTH_USER'), evenkeel_value('HEALTH_PASSWORD'), $schema);
    $row = evenkeel_rows($database, EVENKEEL_HEARTBEAT)[0] ?? null;
    if ($row === null) {
        return null;
    }
    return [
        'region' => (string) $row[0],
        'epoch' => (int) $row[1],
        'ageSeconds' => round($row[2] / 1e6, 3),
        'readOnly' => evenkeel_is_read_only($database),
    ];
}

/**
 * Why this region may not act as the active one at $epoch; empty where it may. $heartbeat is evenkeel_heartbeat()'s.
 *
 * @return list<string>
 */
function evenkeel_reasons_not_active(?array $heartbeat, int $epoch): array
{
    if ($heartbeat === null) {
        return ['the database has no heartbeat'];
    }
    $region = evenkeel_value('REGION');
    $limit = (float) evenkeel_value('HEARTBEAT_MAX_AGE_SECONDS');
    $reasons = [];
    if ($heartbeat['region'] !== $region) {
        $reasons[] = "the heartbeat is of {$heartbeat['region']}, not of $region";
    }
    if ($heartbeat['epoch'] !== $epoch) {
        $reasons[] = "the heartbeat is of epoch {$heartbeat['epoch']}, not of $epoch";
    }
    if ($heartbeat['ageSeconds'] > $limit) {
        $reasons[] = "the heartbeat is {$heartbeat['ageSeconds']} s old, more than $limit s";
    }
    if ($heartbeat['ageSeconds'] < EVENKEEL_LEAST_AGE_SECONDS) {
        $reasons[] = 'the heartbeat is from the future: clock skew';
    }
    if ($heartbeat['readOnly']) {
        $reasons[] = 'the database is read-only';
    }
    return $reasons;
}
