<?php
/**
 * Whether requests may write on this web host now (writer.md, W13): the one place where PHP asks. evenkeel-web makes
 * and takes away the gate's file. Under the keeper's rules the lease must hold at the gate's epoch as well:
 * the keeper writes down until when it surely does, and whatever becomes of the keeper, then the gate is closed.
 */

const EVENKEEL_GATE_FILE = '/run/evenkeel/gate-open';
const EVENKEEL_GATE_STATE = '/var/lib/evenkeel/gate.json';
const EVENKEEL_KEEPER_RULES = '/etc/evenkeel/keeper.json';
/** One line "EPOCH UNTIL", the latter in milliseconds of the clock that /proc/uptime shows (CLOCK_BOOTTIME). */
const EVENKEEL_LEASE_FILE = '/run/evenkeel/lease';

/**
 * The gate as it is now; epoch 0 where it was never opened.
 *
 * @return array{open: bool, epoch: int, why: ?string} why it is closed, null where it is open
 */
function evenkeel_gate(): array
{
    $state = json_decode((string) @file_get_contents(EVENKEEL_GATE_STATE), true);
    $why = evenkeel_why_closed();
    return ['open' => $why === null, 'epoch' => (int) ($state['epoch'] ?? 0), 'why' => $why];
}

function evenkeel_why_closed(): ?string
{
    $epoch = @file_get_contents(EVENKEEL_GATE_FILE);
    if ($epoch === false) {
        return 'the gate is closed';
    }
    if (!is_file(EVENKEEL_KEEPER_RULES)) {
        return null;
    }
    // What can't be read holds no lease.
    $line = (string) @file_get_contents(EVENKEEL_LEASE_FILE);
    if (preg_match('/^([1-9][0-9]{0,9}) ([0-9]{1,15})\n$/D', $line, $lease) !== 1) {
        return 'there is no lease';
    }
    if ((int) $epoch !== (int) $lease[1]) {
        return 'the gate is of another epoch than the lease';
    }
    return evenkeel_uptime_ms() < (int) $lease[2] ? null : 'the lease is over';
}

/** Milliseconds since the boot, those of sleep with them, rounded up: the file shows hundredths of a second. */
function evenkeel_uptime_ms(): int
{
    $shown = @file_get_contents('/proc/uptime');
    return $shown === false ? PHP_INT_MAX : (int) round((float) $shown * 1000) + 10;
}
