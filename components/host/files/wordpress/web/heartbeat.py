"""The question to the region's own database: who writes, and since when not."""

import json
import time

import host
import lease

# As in database.php: a clock may run this little ahead.
LEAST_AGE_SECONDS = -1.0
# heartbeat.php asks by itself for so long; between two of them the lease is looked at again.
TURN_SECONDS = 1


def ask(deadline, epoch=None):
    """(heartbeat or None, why there is no answer or None). With `epoch` it asks again until the database shows this
    region as writing at that epoch, or a second is over."""
    until = [] if epoch is None else [str(epoch), str(TURN_SECONDS)]
    try:
        # The question ends by itself within two seconds; a deadline that is nearly over must not cut it short.
        patience = host.Deadline(max(4, min(5, deadline.left())))
        done = host.run(patience, host.AS_PHP + ["php", host.LIBRARY + "/heartbeat.php", *until], check=False)
    except host.Failed as problem:
        return None, str(problem)
    if done.returncode != 0:
        return None, host.last_line(done.stderr) or "the database does not answer"
    return json.loads(done.stdout), None


def judge(heartbeat, problem, region):
    """(None, _): active. (reason, final): not active; not final where waiting may help."""
    if problem is not None:
        return problem, False
    if heartbeat is None:
        return "the database has no heartbeat", True
    if heartbeat["region"] != region:
        return "the active region is %s" % heartbeat["region"], True
    if heartbeat["readOnly"]:
        return "the database of this region is read-only", True
    if heartbeat["ageSeconds"] > host.read_json(host.CONFIG)["heartbeatMaxAgeSeconds"]:
        return "the heartbeat stands still", False
    if heartbeat["ageSeconds"] < LEAST_AGE_SECONDS:
        return "the heartbeat is from the future: clock skew", False
    return None, True


def ask_and_judge(deadline):
    """(heartbeat or None, reason, final), the latter as judge() says them."""
    heartbeat, problem = ask(deadline)
    return (heartbeat, *judge(heartbeat, problem, host.read_json(host.CONFIG)["region"]))


def wait_for(deadline, epoch):
    """Until the region's own database writes at that epoch. Under the keeper's rules alone: the lease is there before
    the database is open. Refused as soon as the lease is lost, fails at the deadline."""
    region = host.read_json(host.CONFIG)["region"]
    while True:
        begun = time.monotonic()
        heartbeat, problem = ask(deadline, epoch)
        reason, _ = judge(heartbeat, problem, region)
        if reason is None and heartbeat["epoch"] == epoch:
            return
        lease.refuse_without(epoch)
        if deadline.over():
            shown = reason or "it writes at epoch %d" % heartbeat["epoch"]
            raise host.Failed("the database of this region is not open at epoch %d: %s" % (epoch, shown))
        # A database that is down is said to be so at once.
        time.sleep(max(0, 0.3 - (time.monotonic() - begun)))
