<?php
/**
 * The order ledger (/evenkeel-ledger/): a shop's smallest transaction, on whichever engine the site has. An order has
 * an id that its client gives, is written once, and takes one unit of its item's stock in the same transaction. Drills
 * and tests count with it: an order that was answered 201 or 200 is acknowledged, anything else is not.
 *
 *   POST /evenkeel-ledger/orders {"id", "item"}   201 written · 200 the same order was there · 409 another one has the
 *                                                 id, no stock or no such item
 *   GET  /evenkeel-ledger/orders?from=ID&to=ID&limit=N   {"orders": [{id, item}…]}, ids in order, both ends included
 *   POST /evenkeel-ledger/stock {"item", "units"}  adds an item that is not there yet
 *   GET  /evenkeel-ledger/stock?item=ITEM          {"item", "units"}
 *
 * All want the site's key (X-Evenkeel-Ledger-Key). 503: closed or not reachable, nothing was written; 504: nobody
 * knows.
 */

/** A commit may wait for another region, or for that wait to be given up. */
const EVENKEEL_ANSWER_SECONDS = 15;
const EVENKEEL_LEDGER_LIMIT = 10000;
/** More is no order: what is read of it is no JSON. */
const EVENKEEL_LEDGER_BYTES = 4096;

require __DIR__ . '/database.php';

final class EvenkeelReply extends Exception
{
    /** @param array<string, mixed> $body */
    public function __construct(public readonly int $status, public readonly array $body)
    {
        parent::__construct();
    }
}

function evenkeel_refuse(int $status, string $error): never
{
    throw new EvenkeelReply($status, ['error' => $error]);
}

/** @return array<string, mixed> */
function evenkeel_ledger_body(): array
{
    $body = json_decode((string) file_get_contents('php://input', length: EVENKEEL_LEDGER_BYTES), true, 4);
    return is_array($body) ? $body : evenkeel_refuse(400, 'the body is no JSON object');
}

function evenkeel_ledger_name(mixed $value, string $field): string
{
    if (!is_string($value) || preg_match('/^[A-Za-z0-9._:-]{1,64}$/D', $value) !== 1) {
        evenkeel_refuse(400, "$field must be 1 to 64 letters, digits and . _ : -");
    }
    return $value;
}

function evenkeel_ledger_number(mixed $value, string $field, int $least, int $most): int
{
    $number = filter_var($value, FILTER_VALIDATE_INT, ['options' => ['min_range' => $least, 'max_range' => $most]]);
    return $number === false ? evenkeel_refuse(400, "$field must be a whole number from $least to $most") : $number;
}

/** @return array<string, mixed>|null */
function evenkeel_ledger_find(object $database, string $id): ?array
{
    $row = evenkeel_rows($database, 'SELECT item FROM evenkeel_orders WHERE id = ?', [$id])[0] ?? null;
    return $row === null ? null : ['id' => $id, 'item' => (string) $row[0]];
}

function evenkeel_ledger_order(object $database): never
{
    $body = evenkeel_ledger_body();
    $order = [
        'id' => evenkeel_ledger_name($body['id'] ?? null, 'id'),
        'item' => evenkeel_ledger_name($body['item'] ?? null, 'item'),
    ];
    evenkeel_change($database, 'BEGIN');
    $taken = evenkeel_change($database, 'UPDATE evenkeel_stock SET units = units - 1 WHERE item = ? AND units > 0', [$order['item']]);
    $written = $taken === 1 && evenkeel_insert($database, 'evenkeel_orders', $order);
    if ($written) {
        evenkeel_commit($database);
        throw new EvenkeelReply(201, $order);
    }
    evenkeel_change($database, 'ROLLBACK');
    $known = evenkeel_ledger_find($database, $order['id']);
    if ($known === null) {
        evenkeel_refuse(409, 'no unit of this item is left');
    }
    throw $known === $order ? new EvenkeelReply(200, $order) : new EvenkeelReply(409, ['error' => 'another order has this id']);
}

function evenkeel_ledger_orders(object $database): never
{
    $from = evenkeel_ledger_name($_GET['from'] ?? '-', 'from');
    $to = evenkeel_ledger_name($_GET['to'] ?? 'zzzz', 'to');
    $limit = evenkeel_ledger_number($_GET['limit'] ?? 1000, 'limit', 1, EVENKEEL_LEDGER_LIMIT);
    $rows = evenkeel_rows(
        $database,
        "SELECT id, item FROM evenkeel_orders WHERE id >= ? AND id <= ? ORDER BY id LIMIT $limit",
        [$from, $to]
    );
    throw new EvenkeelReply(200, ['orders' => array_map(fn ($row) => ['id' => $row[0], 'item' => $row[1]], $rows)]);
}

function evenkeel_ledger_add(object $database): never
{
    $body = evenkeel_ledger_body();
    $stock = [
        'item' => evenkeel_ledger_name($body['item'] ?? null, 'item'),
        'units' => evenkeel_ledger_number($body['units'] ?? null, 'units', 0, 1000000000),
    ];
    evenkeel_change($database, 'BEGIN');
    $added = evenkeel_insert($database, 'evenkeel_stock', $stock);
    evenkeel_commit($database);
    throw new EvenkeelReply($added ? 201 : 200, $stock);
}

function evenkeel_ledger_stock(object $database): never
{
    $item = evenkeel_ledger_name($_GET['item'] ?? null, 'item');
    $row = evenkeel_rows($database, 'SELECT units FROM evenkeel_stock WHERE item = ?', [$item])[0] ?? null;
    throw $row === null
        ? new EvenkeelReply(404, ['error' => 'there is no such item'])
        : new EvenkeelReply(200, ['item' => $item, 'units' => (int) $row[0]]);
}

function evenkeel_ledger_answer(): never
{
    $key = $_SERVER['HTTP_X_EVENKEEL_LEDGER_KEY'] ?? '';
    if (!hash_equals(evenkeel_value('LEDGER_ACCESS'), $key)) {
        evenkeel_refuse(403, 'the key is missing or wrong');
    }
    $path = parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
    $action = match ("{$_SERVER['REQUEST_METHOD']} $path") {
        'POST /evenkeel-ledger/orders' => evenkeel_ledger_order(...),
        'GET /evenkeel-ledger/orders' => evenkeel_ledger_orders(...),
        'POST /evenkeel-ledger/stock' => evenkeel_ledger_add(...),
        'GET /evenkeel-ledger/stock' => evenkeel_ledger_stock(...),
        default => evenkeel_refuse(404, 'there is no such thing here'),
    };
    try {
        $database = evenkeel_connect_as_site();
    } catch (EvenkeelDatabaseError $error) {
        evenkeel_refuse(503, 'the database does not answer');
    }
    $action($database);
}

try {
    evenkeel_ledger_answer();
} catch (EvenkeelReply $reply) {
    // What is to be said was thrown.
} catch (EvenkeelUnknownOutcome) {
    $reply = new EvenkeelReply(504, ['error' => 'nobody knows whether it was written: ask for it']);
} catch (EvenkeelDatabaseError $error) {
    $why = evenkeel_refused_as_read_only($error) ? 'the database of this region takes no writes' : 'the database failed';
    $reply = new EvenkeelReply(503, ['error' => $why]);
}
header('Content-Type: application/json');
header('Cache-Control: no-store');
if ($reply->status === 503) {
    header('Retry-After: 5');
}
http_response_code($reply->status);
echo json_encode($reply->body, JSON_UNESCAPED_SLASHES), "\n";
