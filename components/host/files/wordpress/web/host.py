"""What the verbs of evenkeel-web share: their errors, the deadline, the lock, programs and files of this host."""

import fcntl
import glob
import json
import os
import subprocess
import time

RUN = "/run/evenkeel"
CONFIG = "/etc/evenkeel/web.json"
LIBRARY = "/usr/local/lib/evenkeel/web"
LOCK = RUN + "/web.lock"
AS_PHP = ["setpriv", "--reuid=www-data", "--regid=www-data", "--init-groups"]


class Refused(Exception):
    """The facts forbid it: exit 12."""


class Locked(Exception):
    """Another evenkeel-web is at work: exit 13."""


class Failed(Exception):
    """Something did not work: exit 1."""


class Deadline:
    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def left(self):
        return max(0.1, self.end - time.monotonic())

    def over(self):
        return time.monotonic() >= self.end


class lock:
    def __init__(self, deadline):
        self.deadline = deadline

    def __enter__(self):
        self.file = open(LOCK, "w")
        while True:
            try:
                return fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self.deadline.over():
                    raise Locked("another evenkeel-web is at work on this host")
                time.sleep(0.05)

    def __exit__(self, *_):
        self.file.close()


def run(deadline, command, check=True, text=None):
    try:
        # Without an input of its own a program gets an empty one, never ours.
        done = subprocess.run(command, input=text or "", capture_output=True, text=True, timeout=deadline.left())
    except subprocess.TimeoutExpired:
        raise Failed("%s took longer than the deadline" % " ".join(command[:3]))
    except FileNotFoundError:
        raise Failed("%s is not on this host" % command[0])
    if check and done.returncode != 0:
        raise Failed("%s: %s" % (" ".join(command[:3]), last_line(done.stderr) or "exit %d" % done.returncode))
    return done


def last_line(text):
    lines = text.strip().split("\n")
    return lines[-1][:500]


def systemctl(deadline, *arguments, check=True):
    return run(deadline, ["systemctl", *arguments], check=check)


def is_active(deadline, unit):
    return systemctl(deadline, "is-active", "--quiet", unit, check=False).returncode == 0


def php_units():
    """Debian names the service after PHP's version: it is the one that has our pool."""
    pools = glob.glob("/etc/php/*/fpm/pool.d/evenkeel.conf")
    return ["php%s-fpm.service" % pool.split("/")[3] for pool in pools]


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        if path == CONFIG:
            raise Failed("%s is missing: this is no web host of Evenkeel's" % CONFIG)
        return {}


def write(path, text):
    """Whole or not at all, and on the disk before it counts. PHP reads it, hence 0644."""
    draft = path + ".new"
    with open(draft, "w") as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    directory = os.open(os.path.dirname(path), os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def remove(path):
    try:
        os.unlink(path)
        return True
    except FileNotFoundError:
        return False
