"""The lease as the keeper last proved it (/run/evenkeel/lease), the same as gate.php reads: one line "EPOCH UNTIL", the
latter in milliseconds of CLOCK_BOOTTIME, which /proc/uptime shows. Epoch 0: the lease is another region's or nobody's.
No such file: the keeper knows nothing yet. It is written whole, by the keeper alone."""

import collections
import os
import re
import time

import host

# Where this exists, the keeper's rules are in force.
RULES = "/etc/evenkeel/keeper.json"
FILE = host.RUN + "/lease"
UNIT = "evenkeel-keeper.service"

Lease = collections.namedtuple("Lease", ["epoch", "left_seconds"])


def rules():
    return os.path.exists(RULES)


def told():
    """What the keeper last said; None where it said nothing, or nothing that can be read."""
    try:
        with open(FILE) as file:
            found = re.fullmatch(r"([0-9]{1,10}) ([0-9]{1,15})\n", file.read())
    except OSError:
        return None
    if found is None:
        return None
    left = int(found.group(2)) / 1000 - time.clock_gettime(time.CLOCK_BOOTTIME)
    return Lease(int(found.group(1)), round(left, 3))


def held():
    """The lease where it is this region's now, else None."""
    lease = told()
    return lease if lease is not None and lease.epoch > 0 and lease.left_seconds > 0 else None


def refuse_without(epoch):
    """For what opens: under the keeper's rules it needs the lease at that very epoch."""
    if not rules():
        return
    lease = held()
    if lease is None:
        raise host.Refused("the lease is not this region's: its keeper opens the gate once it is (%s)" % UNIT)
    if lease.epoch != epoch:
        raise host.Refused("the lease is of epoch %d, not of %d" % (lease.epoch, epoch))


def keeper_state(deadline):
    """What systemd says of the keeper ("active", "failed", …); None where its rules are not in force."""
    if not rules():
        return None
    return host.systemctl(deadline, "is-active", UNIT, check=False).stdout.strip() or "unknown"
