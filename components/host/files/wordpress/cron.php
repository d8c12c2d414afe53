<?php
/**
 * One round of WordPress's scheduled tasks. Before each round the gate must be open and the own database active at
 * the gate's epoch: a region that lost its role between two rounds does nothing (writer.md, W14).
 */

require __DIR__ . '/database.php';

function evenkeel_reasons_not_to_run(): array
{
    $gate = evenkeel_gate();
    if (!$gate['open']) {
        return [$gate['why']];
    }
    try {
        return evenkeel_reasons_not_active(evenkeel_heartbeat(), $gate['epoch']);
    } catch (EvenkeelDatabaseError) {
        return ['the database does not answer'];
    }
}

$evenkeel_reasons = evenkeel_reasons_not_to_run();
if ($evenkeel_reasons !== []) {
    fwrite(STDERR, 'no scheduled tasks: ' . implode('; ', $evenkeel_reasons) . "\n");
    exit(0);
}
require '/var/www/html/wp-cron.php';
