"""The verbs open and close: gate, caches, PHP and scheduled tasks, in W14's order."""

import glob
import json
import os
import sys

import heartbeat
import host
import lease

FILE = host.RUN + "/gate-open"
# {open, epoch, region}; open: caches may have been in use at that epoch since they were last purged.
STATE = "/var/lib/evenkeel/gate.json"
CLOSINGS = host.RUN + "/closings.json"


def open_gate(deadline, epoch):
    lease.refuse_without(epoch)
    with host.lock(deadline):
        return open_locked(deadline, epoch)


def open_locked(deadline, epoch):
    """The epoch, by which caches begin anew; then gate and scheduled tasks."""
    state = host.read_json(STATE)
    known = state.get("epoch", 0)
    if epoch < known:
        raise host.Refused("epoch %d is past: this host has seen epoch %d" % (epoch, known))
    opened = not (file_epoch() == epoch == known)
    if opened:
        # A lease that was only away for a moment: no other epoch was there, so nothing that is kept grew stale.
        if lease.rules() and epoch == known and state.get("open") is True:
            end_sessions(deadline)
        else:
            make_ready(deadline, epoch)
        # All this took its time.
        lease.refuse_without(epoch)
        host.write(FILE, "%d\n" % epoch)
    host.systemctl(deadline, "start", "evenkeel-cron.timer")
    return {"gate": "open", "epoch": epoch, "changed": opened}


def make_ready(deadline, epoch):
    """Visitors wait for this: under the keeper's rules nothing is purged and nothing reloaded, since what is cached has
    the epoch in its name, and PHP keeps nothing from one request to the next (decision 13)."""
    host.remove(FILE)
    if lease.rules():
        # Before the epoch is remembered: one that never opened is none that this host has seen.
        heartbeat.wait_for(deadline, epoch)
    else:
        remember(False, epoch)
        purge_caches(deadline)
        tell_php(deadline, "reload-or-restart")
    remember(True, epoch)


def close_gate(deadline, keep_caches=False):
    """Under the keeper's rules it opens again as long as the lease holds: who wants it closed stops the keeper."""
    # Before the lock as well: closing waits for nobody.
    was_open = host.remove(FILE)
    with host.lock(deadline):
        try:
            return close_locked(deadline, was_open, keep_caches)
        finally:
            # Last, so that a settle that began at any moment of this sees the number change.
            host.write(CLOSINGS, json.dumps({"count": closings() + 1}) + "\n")


def close_locked(deadline, was_open=False, keep_caches=False):
    """The gate first, then the scheduled tasks are stopped and killed, then PHP and caches."""
    was_open = host.remove(FILE) or was_open
    state = host.read_json(STATE)
    # Under the keeper's rules an earlier closing may have kept the caches.
    in_use = was_open or (lease.rules() and state.get("open") is True)
    host.systemctl(deadline, "stop", "evenkeel-cron.timer")
    host.systemctl(deadline, "kill", "--signal=KILL", "evenkeel-cron.service", check=False)
    host.systemctl(deadline, "stop", "evenkeel-cron.service")
    # Killed by us is no failure.
    host.systemctl(deadline, "reset-failed", "evenkeel-cron.service", check=False)
    if keep_caches:
        end_sessions(deadline)
    else:
        give_up_caches(deadline, state, in_use)
    return {"gate": "closed", "epoch": state.get("epoch", 0), "changed": was_open}


def end_sessions(deadline):
    """While the lease was over the database's answers were never sent, and PHP would wait a minute for them: it is told
    at once that none comes. Where another region has the lease they are sent on: a standby is read."""
    if not lease.rules():
        return
    address, port = host.read_json(host.CONFIG)["databaseHost"], host.read_json(lease.RULES)["port"]
    there = ["dst", address, "dport", "=", ":%d" % port]
    done = host.run(deadline, ["ss", "-4", "-t", "-K", *there], check=False)
    if done.returncode != 0:
        print("evenkeel-web: sessions can't be ended: %s" % host.last_line(done.stderr), file=sys.stderr)


def give_up_caches(deadline, state, in_use):
    if in_use:
        purge_caches(deadline)
    if in_use or state.get("open") is not False:
        remember(False, state.get("epoch", 0))
    if in_use:
        # A PHP that is down stays down: the gate is closed either way.
        tell_php(deadline, "try-reload-or-restart")


def closings():
    """How many times the verb close ran since the boot."""
    return host.read_json(CLOSINGS).get("count", 0)


def purge_caches(deadline):
    """Every cache that this host has brings a program for it; without caches there is nothing to do."""
    for program in sorted(glob.glob(host.LIBRARY + "/purge.d/*")):
        host.run(deadline, [program])


def tell_php(deadline, what):
    for unit in host.php_units():
        host.systemctl(deadline, what, unit)


def file_is_there():
    return os.path.exists(FILE)


def open_epoch():
    """The epoch at which requests may write now; None: at none. As gate.php has it."""
    if not file_is_there():
        return None
    if not lease.rules():
        return epoch_seen()
    held = lease.held()
    return held.epoch if held is not None and held.epoch == file_epoch() else None


def file_epoch():
    try:
        with open(FILE) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def epoch_seen():
    """The last epoch that the gate was to be opened for; 0 where there was none."""
    return host.read_json(STATE).get("epoch", 0)


def remember(is_open, epoch):
    region = host.read_json(host.CONFIG)["region"]
    host.write(STATE, json.dumps({"open": is_open, "epoch": epoch, "region": region}) + "\n")
