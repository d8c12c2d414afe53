<?php
/**
 * How a web host asks its region's PostgreSQL (/usr/local/lib/evenkeel/web/engine.php; every engine gives the same
 * names). TLS is checked against the site's CA, and every wait is bounded here:
 * libpq's own limits know no tenths, and none for an answer.
 */

final class EvenkeelDatabaseError extends RuntimeException
{
    /** @param string $state SQLSTATE, empty where no server said one */
    public function __construct(string $message, public readonly string $state = '')
    {
        parent::__construct($message);
    }
}

/** Throws EvenkeelDatabaseError within two seconds where the database does not answer. */
function evenkeel_connect(string $user, string $password, string $schema): PgSql\Connection
{
    $settings = [
        'host' => evenkeel_value('DB_HOST'),
        'port' => '5432',
        'dbname' => $schema,
        'user' => $user,
        'password' => $password,
        'sslmode' => 'verify-full',
        // Nobody shows a certificate here, and none is looked for in a home that may be another user's.
        'sslcertmode' => 'disable',
        'sslrootcert' => EVENKEEL_CA,
        'options' => '-c timezone=UTC',
    ];
    $words = array_map(fn ($key, $value) => "$key='" . addcslashes($value, "\\'") . "'", array_keys($settings), $settings);
    $database = @pg_connect(implode(' ', $words), PGSQL_CONNECT_ASYNC | PGSQL_CONNECT_FORCE_NEW);
    if ($database === false) {
        throw new EvenkeelDatabaseError('no connection can be begun');
    }
    $end = microtime(true) + EVENKEEL_CONNECT_SECONDS;
    for ($step = PGSQL_POLLING_WRITING; $step !== PGSQL_POLLING_OK; $step = pg_connect_poll($database)) {
        if ($step === PGSQL_POLLING_FAILED) {
            throw new EvenkeelDatabaseError(trim((string) pg_last_error($database)), evenkeel_state_of($database));
        }
        evenkeel_await($database, $step === PGSQL_POLLING_WRITING, $end);
    }
    return $database;
}

/** Waits until the server's socket can be read (or written), or throws at the end of the patience. */
function evenkeel_await(PgSql\Connection $database, bool $writing, float $end): void
{
    $socket = pg_socket($database);
    $left = $end - microtime(true);
    if ($socket === false || $left <= 0) {
        throw new EvenkeelDatabaseError('no answer in time');
    }
    $read = $writing ? [] : [$socket];
    $write = $writing ? [$socket] : [];
    $except = [];
    if (stream_select($read, $write, $except, (int) $left, (int) (fmod($left, 1) * 1e6)) === 0) {
        throw new EvenkeelDatabaseError('no answer in time');
    }
}

/** A login that is refused names its reason in words only. */
function evenkeel_state_of(PgSql\Connection $database): string
{
    $said = (string) pg_last_error($database);
    return match (true) {
        str_contains($said, 'password authentication failed') => '28P01',
        str_contains($said, 'no pg_hba.conf entry') => '28000',
        (bool) preg_match('/database ".*" does not exist/', $said) => '3D000',
        default => '',
    };
}

/**
 * The result of one statement; values stand for each `?` in turn.
 *
 * @param list<int|string> $values
 */
function evenkeel_result(PgSql\Connection $database, string $statement, array $values): PgSql\Result
{
    $number = 0;
    $numbered = preg_replace_callback('/\?/', function () use (&$number) {
        return '$' . ++$number;
    }, $statement);
    $sent = $values === [] ? pg_send_query($database, $numbered) : pg_send_query_params($database, $numbered, $values);
    if (!$sent) {
        throw new EvenkeelDatabaseError(trim((string) pg_last_error($database)));
    }
    $end = microtime(true) + EVENKEEL_ANSWER_SECONDS;
    $last = null;
    while (true) {
        while (pg_connection_busy($database)) {
            evenkeel_await($database, false, $end);
            pg_consume_input($database);
        }
        $result = pg_get_result($database);
        if ($result === false) {
            return $last ?? throw new EvenkeelDatabaseError('the connection was lost');
        }
        if (in_array(pg_result_status($result), [PGSQL_FATAL_ERROR, PGSQL_BAD_RESPONSE], true)) {
            $state = (string) pg_result_error_field($result, PGSQL_DIAG_SQLSTATE);
            throw new EvenkeelDatabaseError(trim((string) pg_result_error($result)), $state);
        }
        $last = $result;
    }
}

/**
 * Rows as lists; values stand for each `?` in turn.
 *
 * @param list<int|string> $values
 * @return list<list<string|null>>
 */
function evenkeel_rows(PgSql\Connection $database, string $statement, array $values = []): array
{
    return pg_fetch_all(evenkeel_result($database, $statement, $values), PGSQL_NUM);
}

/**
 * How many rows a statement changed.
 *
 * @param list<int|string> $values
 */
function evenkeel_change(PgSql\Connection $database, string $statement, array $values = []): int
{
    return pg_affected_rows(evenkeel_result($database, $statement, $values));
}

/**
 * Adds a row, and is false where its first value is there already.
 *
 * @param array<string, int|string> $row
 */
function evenkeel_insert(PgSql\Connection $database, string $table, array $row): bool
{
    $marks = implode(', ', array_fill(0, count($row), '?'));
    $statement = "INSERT INTO $table (" . implode(', ', array_keys($row)) . ") VALUES ($marks) ON CONFLICT DO NOTHING";
    return evenkeel_change($database, $statement, array_values($row)) === 1;
}

/**
 * Throws EvenkeelUnknownOutcome where no answer came, or where the wait for another region was cut off: the commit is
 * there then, and was not confirmed (writer.md, W12).
 */
function evenkeel_commit(PgSql\Connection $database): void
{
    pg_last_notice($database, PGSQL_NOTICE_CLEAR);
    try {
        evenkeel_result($database, 'COMMIT', []);
    } catch (EvenkeelDatabaseError $error) {
        throw $error->state === '' || str_starts_with($error->state, '57P') ? new EvenkeelUnknownOutcome() : $error;
    }
    if (str_contains((string) pg_last_notice($database), 'synchronous replication')) {
        throw new EvenkeelUnknownOutcome();
    }
}

/** Whether the server takes no writes at the moment: it is in recovery, for superusers too. */
function evenkeel_is_read_only(PgSql\Connection $database): bool
{
    return evenkeel_rows($database, 'SELECT pg_is_in_recovery()')[0][0] === 't';
}

/** The server's state; where it said none, what became of the question. */
function evenkeel_error_code(EvenkeelDatabaseError $error): string
{
    return $error->state === '' ? $error->getMessage() : $error->state;
}

/** Whether the error is a write's that came to a closed database. */
function evenkeel_refused_as_read_only(EvenkeelDatabaseError $error): bool
{
    return $error->state === '25006';
}

/** Whether a database answered that was not given the site yet: it has no such account, schema or table. */
function evenkeel_is_unborn(EvenkeelDatabaseError $error): bool
{
    return in_array($error->state, ['28P01', '28000', '3D000', '3F000', '42P01', '42501'], true);
}

/** Region, epoch and age in microseconds by the database's own clock. */
const EVENKEEL_HEARTBEAT =
    'SELECT region, epoch, round(extract(epoch FROM clock_timestamp() - at) * 1000000)::bigint FROM evenkeel.heartbeat WHERE id = 1';

/** The names of the tables in the site's schema. */
const EVENKEEL_TABLES = 'SELECT tablename FROM pg_tables WHERE schemaname = current_schema()';

const EVENKEEL_LEDGER_TABLES = [
    'CREATE TABLE IF NOT EXISTS evenkeel_stock (item varchar(64) COLLATE "C" PRIMARY KEY, units bigint NOT NULL CHECK (units >= 0))',
    'CREATE TABLE IF NOT EXISTS evenkeel_orders (id varchar(64) COLLATE "C" PRIMARY KEY,
        item varchar(64) COLLATE "C" NOT NULL REFERENCES evenkeel_stock, at timestamptz NOT NULL DEFAULT clock_timestamp())',
];
