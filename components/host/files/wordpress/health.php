<?php
/**
 * The three questions (writer.md, W13), outside WordPress: EVENKEEL_PROBE says which. 200 or 503 with
 * {place, role, epoch, release, disk: {freeBytes, totalBytes}, cache, problems}; cache is null where there is none.
 * Probes read, they never write.
 */

require __DIR__ . '/database.php';
require __DIR__ . '/cache.php';

const EVENKEEL_UPLOADS = '/var/www/html/wp-content/uploads';
const EVENKEEL_LEAST_FREE_BYTES = 16 * 1024 * 1024;
/** Exists while a host is set up, boots or is taken out. */
const EVENKEEL_HELD = '/run/evenkeel/held';

/** Any answer counts, a refusal too: no key is needed to know that it is there. True where the site has none. */
function evenkeel_store_answers(): bool
{
    $endpoint = evenkeel_environment()['STORE_ENDPOINT'] ?? '';
    if ($endpoint === '') {
        return true;
    }
    $request = curl_init("$endpoint/");
    curl_setopt_array($request, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_CONNECTTIMEOUT_MS => 500,
        CURLOPT_TIMEOUT_MS => 1000,
        CURLOPT_CAINFO => EVENKEEL_CA,
    ]);
    $code = curl_exec($request) === false ? 0 : curl_getinfo($request, CURLINFO_RESPONSE_CODE);
    return $code >= 200 && $code < 500;
}

function evenkeel_silence(EvenkeelDatabaseError $error): string
{
    return 'the database does not answer (error ' . evenkeel_error_code($error) . ')';
}

/** @return list<string> */
function evenkeel_problems_ready(): array
{
    $problems = [];
    try {
        evenkeel_rows(evenkeel_connect_as_site(), 'SELECT 1');
    } catch (EvenkeelDatabaseError $error) {
        $problems[] = evenkeel_silence($error);
    }
    if (!evenkeel_store_answers()) {
        $problems[] = 'the object store does not answer';
    }
    if (!is_writable(EVENKEEL_UPLOADS)) {
        $problems[] = 'the uploads cannot be written';
    } elseif (disk_free_space(EVENKEEL_UPLOADS) < EVENKEEL_LEAST_FREE_BYTES) {
        $problems[] = 'the disk of the uploads is full';
    }
    return $problems;
}

/** @return list<string> */
function evenkeel_problems_active(array $gate): array
{
    if (!$gate['open']) {
        return [$gate['why']];
    }
    try {
        return evenkeel_reasons_not_active(evenkeel_heartbeat(), $gate['epoch']);
    } catch (EvenkeelDatabaseError $error) {
        return [evenkeel_silence($error)];
    }
}

/** @return list<string> */
function evenkeel_problems(string $probe, array $gate): array
{
    return match ($probe) {
        'live' => is_file(EVENKEEL_HELD) ? ['this host is being set up, booted or taken out'] : [],
        'ready' => evenkeel_problems_ready(),
        'active' => evenkeel_problems_active($gate),
    };
}

/** Its absence is no problem: the site is slower without it. Only the thorough question asks. */
function evenkeel_cache_state(string $probe): ?string
{
    if ($probe !== 'ready' || !evenkeel_has_cache()) {
        return null;
    }
    return evenkeel_cache_connect() === null ? 'down' : 'up';
}

function evenkeel_answer(): void
{
    header('Content-Type: application/json');
    header('Cache-Control: no-store');
    if (!in_array($_SERVER['REQUEST_METHOD'], ['GET', 'HEAD'], true)) {
        http_response_code(405);
        header('Allow: GET, HEAD');
        return;
    }
    $gate = evenkeel_gate();
    $problems = evenkeel_problems($_SERVER['EVENKEEL_PROBE'], $gate);
    http_response_code($problems === [] ? 200 : 503);
    $disk = is_dir(EVENKEEL_UPLOADS) ? EVENKEEL_UPLOADS : '/';
    echo json_encode([
        'place' => evenkeel_value('REGION'),
        'role' => $gate['open'] ? 'active' : 'standby',
        'epoch' => $gate['epoch'],
        'release' => evenkeel_release(),
        'disk' => ['freeBytes' => (int) disk_free_space($disk), 'totalBytes' => (int) disk_total_space($disk)],
        'cache' => evenkeel_cache_state($_SERVER['EVENKEEL_PROBE']),
        'problems' => $problems,
    ], JSON_UNESCAPED_SLASHES), "\n";
}

evenkeel_answer();
