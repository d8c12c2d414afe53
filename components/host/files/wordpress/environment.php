<?php
/**
 * What this web host knows: /etc/evenkeel/wordpress.env, lines of KEY="JSON string", readable by PHP only. Shared by
 * wp-config.php, the probes and the command line scripts; it outputs nothing and opens no connection.
 */

require_once __DIR__ . '/gate.php';

const EVENKEEL_ENVIRONMENT = '/etc/evenkeel/wordpress.env';
const EVENKEEL_CORE_STATE = '/var/lib/evenkeel/core.json';

/** @return array<string, string> Throws a RuntimeException that names the line, never a value. */
function evenkeel_environment(): array
{
    static $values = null;
    if ($values !== null) {
        return $values;
    }
    $text = @file_get_contents(EVENKEEL_ENVIRONMENT);
    if ($text === false) {
        throw new RuntimeException(EVENKEEL_ENVIRONMENT . ' cannot be read');
    }
    $read = [];
    foreach (explode("\n", $text) as $number => $line) {
        if ($line === '' || $line[0] === '#') {
            continue;
        }
        [$key, $json] = explode('=', $line, 2) + [1 => ''];
        $value = json_decode($json);
        if (!is_string($value)) {
            throw new RuntimeException(EVENKEEL_ENVIRONMENT . ' line ' . ($number + 1) . ' is not KEY="JSON string"');
        }
        $read[$key] = $value;
    }
    return $values = $read;
}

/** One value. A missing one is a mistake of the set-up, not something to guess. */
function evenkeel_value(string $key): string
{
    return evenkeel_environment()[$key] ?? throw new RuntimeException(EVENKEEL_ENVIRONMENT . " has no $key");
}

/** @return non-empty-list<string> Every URL that the site may call itself by, the public one first. */
function evenkeel_site_urls(): array
{
    $further = preg_split('/ +/', evenkeel_value('FURTHER_URLS'), -1, PREG_SPLIT_NO_EMPTY);
    return [evenkeel_value('SITE_URL'), ...$further];
}

/**
 * The URL that the site calls itself by in this request: the one of the fixed list (public name first) whose host
 * and port are those of the request's Host header, else the public one. A claimed name is never repeated.
 *
 * @param list<string> $urls
 */
function evenkeel_site_url(array $urls, string $requestedAuthority): string
{
    $requested = preg_replace('/:443$/', '', strtolower($requestedAuthority));
    foreach ($urls as $url) {
        if (evenkeel_authority($url) === $requested) {
            return $url;
        }
    }
    return $urls[0];
}

/** Host and port of a URL as a browser puts them into the Host header: without the port where it is 443. */
function evenkeel_authority(string $url): string
{
    $parts = parse_url($url);
    $port = $parts['port'] ?? 443;
    return strtolower($parts['host']) . ($port === 443 ? '' : ":$port");
}

/** Version and tree of the WordPress core that is in place, e.g. "6.8.12-1f2e3d4c5b6a"; null before there is one. */
function evenkeel_release(): ?string
{
    $core = json_decode((string) @file_get_contents(EVENKEEL_CORE_STATE), true);
    return isset($core['version'], $core['treeHash']) ? $core['version'] . '-' . substr($core['treeHash'], 0, 12) : null;
}
