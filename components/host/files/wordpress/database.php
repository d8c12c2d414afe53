<?php
/** Short questions to the region's own database, outside WordPress: TLS checked against the site's CA, all bounded. */

require_once __DIR__ . '/environment.php';

const EVENKEEL_CA = '/etc/evenkeel/tls/ca.pem';
const EVENKEEL_TIMEOUT_SECONDS = 1;
/** A row replicated from a region whose clock runs a little ahead may be this young. */
const EVENKEEL_LEAST_AGE_SECONDS = -1.0;

/** Throws mysqli_sql_exception within two seconds where the database does not answer. */
function evenkeel_connect(string $user, string $password, ?string $schema): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $database = mysqli_init();
    $database->options(MYSQLI_OPT_CONNECT_TIMEOUT, EVENKEEL_TIMEOUT_SECONDS);
    $database->options(MYSQLI_OPT_READ_TIMEOUT, EVENKEEL_TIMEOUT_SECONDS);
    $database->options(MYSQLI_INIT_COMMAND, "SET time_zone = '+00:00'");
    $database->ssl_set(null, null, EVENKEEL_CA, null, null);
    $host = evenkeel_value('DB_HOST');
    @$database->real_connect($host, $user, $password, $schema, 3306, null, MYSQLI_CLIENT_SSL);
    return $database;
}

/** The database as WordPress uses it. */
function evenkeel_connect_as_site(): mysqli
{
    return evenkeel_connect(evenkeel_value('DB_USER'), evenkeel_value('DB_PASSWORD'), evenkeel_value('DB_NAME'));
}

/** Whether the server takes no writes at the moment (MariaDB 12 and MySQL answer with words, older ones with 0/1). */
function evenkeel_is_read_only(mysqli $database): bool
{
    $value = $database->query('SELECT @@global.read_only')->fetch_row()[0];
    return !in_array(strtoupper((string) $value), ['0', 'OFF'], true);
}

/**
 * The row that the active region's heartbeat writes every second, its age by the database's own clock.
 *
 * @return array{region: string, epoch: int, ageSeconds: float, readOnly: bool}|null null where there is no row yet
 */
function evenkeel_heartbeat(): ?array
{
    $database = evenkeel_connect(evenkeel_value('HEALTH_USER'), evenkeel_value('HEALTH_PASSWORD'), null);
    $row = $database->query(
        'SELECT region, epoch, TIMESTAMPDIFF(MICROSECOND, at, UTC_TIMESTAMP(6)) FROM evenkeel.heartbeat WHERE id = 1'
    )->fetch_row();
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
