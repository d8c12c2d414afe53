<?php
/**
 * How a web host asks its region's MariaDB (/usr/local/lib/evenkeel/web/engine.php; every engine gives the same names).
 * TLS is checked against the site's CA, and every wait is bounded.
 */

class_alias(mysqli_sql_exception::class, 'EvenkeelDatabaseError');

/** Throws EvenkeelDatabaseError within two seconds where the database does not answer. */
function evenkeel_connect(string $user, string $password, string $schema): mysqli
{
    mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
    $database = mysqli_init();
    $database->options(MYSQLI_OPT_CONNECT_TIMEOUT, EVENKEEL_CONNECT_SECONDS);
    $database->options(MYSQLI_OPT_READ_TIMEOUT, EVENKEEL_ANSWER_SECONDS);
    $database->options(MYSQLI_INIT_COMMAND, "SET time_zone = '+00:00'");
    $database->ssl_set(null, null, EVENKEEL_CA, null, null);
    $host = evenkeel_value('DB_HOST');
    @$database->real_connect($host, $user, $password, $schema, 3306, null, MYSQLI_CLIENT_SSL);
    return $database;
}

/**
 * Rows as lists; values stand for each `?` in turn.
 *
 * @param list<int|string> $values
 * @return list<list<int|float|string|null>>
 */
function evenkeel_rows(mysqli $database, string $statement, array $values = []): array
{
    $result = $database->execute_query($statement, $values);
    return $result === true ? [] : $result->fetch_all();
}

/**
 * How many rows a statement changed.
 *
 * @param list<int|string> $values
 */
function evenkeel_change(mysqli $database, string $statement, array $values = []): int
{
    $values === [] ? $database->query($statement) : $database->execute_query($statement, $values);
    return $database->affected_rows;
}

/**
 * Adds a row, and is false where its first value is there already.
 *
 * @param array<string, int|string> $row
 */
function evenkeel_insert(mysqli $database, string $table, array $row): bool
{
    $marks = implode(', ', array_fill(0, count($row), '?'));
    $statement = "INSERT INTO $table (" . implode(', ', array_keys($row)) . ") VALUES ($marks)";
    try {
        return evenkeel_change($database, $statement, array_values($row)) === 1;
    } catch (EvenkeelDatabaseError $error) {
        return $error->getCode() === 1062 ? false : throw $error;
    }
}

/** Throws EvenkeelUnknownOutcome where no answer came: the commit may have gone through. */
function evenkeel_commit(mysqli $database): void
{
    try {
        $database->query('COMMIT');
    } catch (EvenkeelDatabaseError $error) {
        // 2000 and above are the client's own: it lost the server.
        throw $error->getCode() >= 2000 ? new EvenkeelUnknownOutcome() : $error;
    }
}

/** Whether the server takes no writes at the moment (MariaDB 12 and MySQL answer with words, older ones with 0/1). */
function evenkeel_is_read_only(mysqli $database): bool
{
    $value = evenkeel_rows($database, 'SELECT @@global.read_only')[0][0];
    return !in_array(strtoupper((string) $value), ['0', 'OFF'], true);
}

/** The server's or the client's own number. */
function evenkeel_error_code(EvenkeelDatabaseError $error): string
{
    return (string) $error->getCode();
}

/** Whether the error is a write's that came to a closed database. */
function evenkeel_refused_as_read_only(EvenkeelDatabaseError $error): bool
{
    return in_array($error->getCode(), [1290, 1792], true);
}

/** Whether a database answered that was not given the site yet: it has no such account, schema or table. */
function evenkeel_is_unborn(EvenkeelDatabaseError $error): bool
{
    return in_array($error->getCode(), [1044, 1045, 1049, 1130, 1142, 1146], true);
}

/** Region, epoch and age in microseconds by the database's own clock. */
const EVENKEEL_HEARTBEAT =
    'SELECT region, epoch, TIMESTAMPDIFF(MICROSECOND, at, UTC_TIMESTAMP(6)) FROM evenkeel.heartbeat WHERE id = 1';

/** The names of the tables in the site's schema. */
const EVENKEEL_TABLES = 'SHOW TABLES';

const EVENKEEL_LEDGER_TABLES = [
    'CREATE TABLE IF NOT EXISTS evenkeel_stock (item VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
        units BIGINT NOT NULL CHECK (units >= 0)) ENGINE=InnoDB',
    'CREATE TABLE IF NOT EXISTS evenkeel_orders (id VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY,
        item VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL, at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        FOREIGN KEY (item) REFERENCES evenkeel_stock (item)) ENGINE=InnoDB',
];
