<?php
/** For evenkeel-web: prints the heartbeat that the region's own database shows, as JSON (null: no row). Exit 1 with
 * the reason on standard error where the database does not answer. */

require __DIR__ . '/database.php';

try {
    echo json_encode(evenkeel_heartbeat()), "\n";
} catch (mysqli_sql_exception $error) {
    // A database that answers, but has no such account, schema or table, was not given the site yet: a clear answer.
    if (in_array($error->getCode(), [1044, 1045, 1049, 1130, 1142, 1146], true)) {
        exit("null\n");
    }
    fwrite(STDERR, "the database does not answer: {$error->getMessage()}\n");
    exit(1);
}
