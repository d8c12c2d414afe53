<?php
/** Makes the ledger's tables in the active region's database, where they are missing. Prints {installed, reason}. */

require __DIR__ . '/database.php';

try {
    $evenkeel_database = evenkeel_connect_as_site();
    if (evenkeel_is_read_only($evenkeel_database)) {
        exit(json_encode(['installed' => false, 'reason' => 'the database of this region is read-only']) . "\n");
    }
    foreach (EVENKEEL_LEDGER_TABLES as $evenkeel_statement) {
        evenkeel_change($evenkeel_database, $evenkeel_statement);
    }
} catch (EvenkeelDatabaseError $error) {
    fwrite(STDERR, "the database does not answer: {$error->getMessage()}\n");
    exit(1);
}
echo json_encode(['installed' => true, 'reason' => null]), "\n";
