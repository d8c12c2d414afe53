<?php
/** For evenkeel-web: prints the heartbeat that the region's own database shows, as JSON (null: no row). Exit 1 with
 * the reason on standard error where the database does not answer. */

require __DIR__ . '/database.php';

try {
    echo json_encode(evenkeel_heartbeat()), "\n";
} catch (EvenkeelDatabaseError $error) {
    // A database that answers, but was not given the site yet: a clear answer.
    if (evenkeel_is_unborn($error)) {
        exit("null\n");
    }
    fwrite(STDERR, "the database does not answer: {$error->getMessage()}\n");
    exit(1);
}
