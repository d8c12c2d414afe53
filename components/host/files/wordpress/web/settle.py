"""The verb settle: at boot and by a rollout, the gate as it has to be, and whether that is certain."""

import time

import gate
import heartbeat
import host
import lease

# What closing may take, whatever settle's own deadline was.
OWN_SECONDS = 30.0


def settle(deadline):
    return settle_by_keeper(deadline) if lease.rules() else settle_by_database(deadline)


def settle_by_keeper(deadline):
    """The keeper alone opens. What it settles is waited for, so that whoever asked finds it so; where it has not at the
    deadline, a gate without a lease is closed, and `certain` is false."""
    while True:
        if gate.open_epoch() is not None and start_tasks():
            return {"gate": "open", "epoch": gate.epoch_seen(), "changed": False, "reason": None, "certain": True}
        if is_others() and heartbeat.ask_and_judge(deadline)[1] is not None and is_others():
            return still_closed("the lease is another region's, or nobody's", True)
        if deadline.over():
            break
        time.sleep(0.2)
    if lease.held() is not None:
        return still_closed("the keeper has the lease and has not opened yet: journalctl -u %s" % lease.UNIT, False)
    closed = gate.close_gate(host.Deadline(OWN_SECONDS), keep_caches=True)
    if is_others():
        reason = "the lease is another region's, or nobody's, and yet this region's database writes: evenkeel status"
    else:
        reason = "the keeper does not say that the lease holds: systemctl status %s" % lease.UNIT
    return dict(closed, reason=reason, certain=False)


def start_tasks():
    """Somebody may have stopped them; the keeper starts them only where it opens. False where the gate has closed."""
    own = host.Deadline(OWN_SECONDS)
    with host.lock(own):
        if gate.open_epoch() is None:
            return False
        host.systemctl(own, "start", "evenkeel-cron.timer")
        return True


def is_others():
    """Whether a keeper that runs says that the lease is not this region's, and has closed the gate. A moment after this
    region's database was opened that may be the word of just before: hence the question to the database as well."""
    told = lease.told()
    if told is None or told.epoch != 0 or gate.file_is_there():
        return False
    return lease.keeper_state(host.Deadline(OWN_SECONDS)) == "active"


def still_closed(reason, certain):
    return {"gate": "closed", "epoch": gate.epoch_seen(), "changed": False, "reason": reason, "certain": certain}


def settle_by_database(deadline):
    """Opens where this region's own database proves to be the active one, else closes. A database that is silent,
    or whose heartbeat is not of now, may be starting: it is waited for without the lock until the deadline. Only
    the answer to a question asked under the lock counts, since others may have opened or closed in between. `certain`
    is false where the gate stays closed for want of a clear answer."""
    closed_before = gate.closings()
    while True:
        _, reason, final = heartbeat.ask_and_judge(deadline)
        if reason is None or final or deadline.over():
            break
        time.sleep(0.5)
    own = host.Deadline(OWN_SECONDS)
    with host.lock(own):
        beat, reason, final = heartbeat.ask_and_judge(own)
        # A busy database may miss one question: a gate that is open is not closed for that.
        for _ in range(2):
            if reason is None or final or not gate.file_is_there():
                break
            beat, reason, final = heartbeat.ask_and_judge(own)
        # A gate is closed before its database is, or instead of it: the heartbeat doesn't show it. Where the gate is
        # open again, the verb open came after that.
        if reason is None and gate.closings() != closed_before and not gate.file_is_there():
            reason, final = "the gate was closed meanwhile", True
        if reason is None and beat["epoch"] < gate.epoch_seen():
            reason, final = "the heartbeat is of a past epoch", True
        if reason is None:
            return dict(gate.open_locked(own, beat["epoch"]), reason=None, certain=True)
        return dict(gate.close_locked(own), reason=reason, certain=final)
