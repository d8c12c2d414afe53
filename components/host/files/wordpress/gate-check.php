<?php
/**
 * Ahead of each request that reaches PHP (auto_prepend_file). nginx looks at the gate's file, which goes a moment after
 * the lease; here the lease itself is asked, so that nothing that nginx refuses at a closed gate begins without it.
 * nginx says which requests those are (EVENKEEL_GATE, evenkeel-gate.conf), and words the refusal (@closed).
 */
(static function (): void {
    // An nginx that has not read its newer configuration yet says nothing.
    $isReading = in_array($_SERVER['REQUEST_METHOD'] ?? '', ['GET', 'HEAD'], true);
    if (($_SERVER['EVENKEEL_GATE'] ?? ($isReading ? 'pass' : 'refuse')) === 'pass') {
        return;
    }
    require_once __DIR__ . '/gate.php';
    if (evenkeel_why_closed() === null) {
        return;
    }
    http_response_code(503);
    header('Retry-After: 5');
    header('Content-Type: text/plain; charset=utf-8');
    header('X-Accel-Redirect: @closed');
    exit;
})();
