<?php
/**
 * heartbeat.php [EPOCH SECONDS], for evenkeel-web: prints the heartbeat that the region's own database shows, as JSON
 * (null: no row). With an epoch it asks again until this region writes at it, or the time is over. Exit 1 with the
 * reason on standard error where the database does not answer.
 */

require __DIR__ . '/database.php';

const EVENKEEL_BETWEEN_QUESTIONS_MICROSECONDS = 20000;

/** Null: no row. */
function evenkeel_heartbeat_or_none(): ?array
{
    try {
        return evenkeel_heartbeat();
    } catch (EvenkeelDatabaseError $error) {
        // A database that answers, but was not given the site yet: a clear answer.
        return evenkeel_is_unborn($error) ? null : throw $error;
    }
}

function evenkeel_wait_for_heartbeat(int $epoch, float $seconds): ?array
{
    $end = microtime(true) + $seconds;
    while (true) {
        try {
            $heartbeat = evenkeel_heartbeat_or_none();
            if (microtime(true) >= $end || evenkeel_reasons_not_active($heartbeat, $epoch) === []) {
                return $heartbeat;
            }
        } catch (EvenkeelDatabaseError $error) {
            if (microtime(true) >= $end) {
                throw $error;
            }
        }
        usleep(EVENKEEL_BETWEEN_QUESTIONS_MICROSECONDS);
    }
}

try {
    echo json_encode(
        isset($argv[1])
            ? evenkeel_wait_for_heartbeat((int) $argv[1], (float) ($argv[2] ?? 0))
            : evenkeel_heartbeat_or_none()
    ), "\n";
} catch (EvenkeelDatabaseError $error) {
    fwrite(STDERR, "the database does not answer: {$error->getMessage()}\n");
    exit(1);
}
