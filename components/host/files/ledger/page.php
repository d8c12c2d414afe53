<?php
/** The page of a site without WordPress: it reads from its region's database, like any page would. */

require '/usr/local/lib/evenkeel/web/database.php';

try {
    $evenkeel_count = evenkeel_rows(evenkeel_connect_as_site(), 'SELECT COUNT(*) FROM evenkeel_orders')[0][0];
    $evenkeel_line = "$evenkeel_count orders are in its ledger.";
} catch (EvenkeelDatabaseError) {
    http_response_code(503);
    header('Retry-After: 5');
    $evenkeel_line = 'Its database does not answer.';
}
header('Content-Type: text/html; charset=utf-8');
$evenkeel_site = htmlspecialchars(evenkeel_value('SITE'));
echo "<!doctype html><title>$evenkeel_site</title><p>The site $evenkeel_site has no WordPress. $evenkeel_line\n";
