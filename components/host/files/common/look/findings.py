"""Compares a host with the notes of its roles. Each function gives (kind, what, wanted, found); no content is ever told."""

import glob
import hashlib
import json
import os
import subprocess
import sys

import folders
from wanted import facts_of

DATABASE_ROLE = "/var/lib/evenkeel/role.json"
FENCING = "/var/lib/evenkeel/fencing"
DATABASE_PROGRAM = "/usr/local/sbin/evenkeel-db"
CRON_FOLDERS = ("cron.d", "cron.hourly", "cron.daily", "cron.weekly", "cron.monthly")
COMMAND_SECONDS = 20
# What looks deeper than one question: a server's settings and accounts, a tree of files.
DEEP_SECONDS = 60


def run(command, seconds=COMMAND_SECONDS, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, **more)


def file_findings(wanted):
    for path, was in wanted["files"].items():
        now = facts_of(path)
        if was is not None and was != now:
            yield from differences(path, was, now)


def folder_findings(wanted):
    """Configuration that packages brought and a role left, and what neither did."""
    for path, was in wanted.get("inFolders", {}).items():
        now = facts_of(path)
        if was != now and folders.changed_by_package(path):
            # An upgrade of the package may have another content; its mode and owner stay.
            was = {**was, "content": now.get("content")}
        if was != now:
            yield from differences(path, was, now)
    for path in folders.strays(wanted):
        yield "file", path, "no such file", "there"


def differences(path, was, now):
    if now is None:
        yield "file", path, "is there", "missing"
        return
    for part in sorted(set(was) | set(now)):
        before, after = was.get(part), now.get(part)
        if before != after:
            told = part in ("mode", "owner", "link")
            yield ("link" if part == "link" else "file"), path, *(
                ("%s %s" % (part, before or "none"), "%s %s" % (part, after or "none"))
                if told
                else ("content as written", "another content")
            )


def is_fenced():
    """Also while a fence is under way or was cut short, and where nobody can tell: it may be the reason for a mask."""
    if os.path.exists(FENCING):
        return True
    try:
        with open(DATABASE_ROLE) as file:
            return json.load(file).get("role") == "fenced"
    except FileNotFoundError:
        return False
    except (ValueError, AttributeError):
        return True


def unit_findings(wanted):
    units = [words for words in wanted["units"] if not ("while-open" in words and is_fenced())]
    if not units:
        return
    shown = run(["systemctl", "show", "-p", "Id,LoadState,UnitFileState,ActiveState", "--", *(unit[0] for unit in units)])
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in shown.stdout.strip().split("\n\n")]
    for (name, *states), now in zip(units, blocks):
        if now["LoadState"] == "masked" or now["UnitFileState"].startswith("masked"):
            yield "unit", name, "not masked", "masked"
            continue
        if "enabled" in states and now["UnitFileState"] not in ("enabled", "enabled-runtime", "static", "generated"):
            yield "unit", name, "enabled", now["UnitFileState"] or "not there"
        if "active" in states and now["ActiveState"] not in ("active", "reloading", "activating"):
            yield "unit", name, "active", now["ActiveState"]


def package_findings(wanted):
    if not wanted["packages"]:
        return
    shown = run(["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *wanted["packages"]])
    there = {line.split()[0] for line in shown.stdout.splitlines() if line.endswith(" installed")}
    for package in wanted["packages"]:
        if package not in there:
            yield "package", package, "installed", "not installed"


def sysctl_findings(wanted):
    for key, *value in wanted.get("sysctls", []):
        try:
            with open("/proc/sys/" + key.replace(".", "/")) as file:
                now = file.read().split()
        except FileNotFoundError:
            now = ["no such setting"]
        if now != value:
            yield "sysctl", key, " ".join(value), " ".join(now)


def told_findings(command):
    """What a program of ours found, that alone knows what it has to look at: a JSON list of {kind, what, wanted, found}."""
    done = run(command, seconds=DEEP_SECONDS)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or ["exit %d" % done.returncode])[-1]
        sys.exit("%s look: %s" % (os.path.basename(command[0]), said))
    for finding in json.loads(done.stdout):
        yield finding["kind"], finding["what"], finding["wanted"], finding["found"]


def program_findings(wanted):
    for command in wanted.get("looks", []):
        if os.path.exists(command[0]):
            yield from told_findings(command)


def cron_findings():
    """Nothing of ours is run by cron: a file that no package brought, or a user's own table, is a stray."""
    files = [path for folder in CRON_FOLDERS for path in glob.glob("/etc/%s/*" % folder) if os.path.isfile(path)]
    owned = set()
    if files:
        for line in run(["dpkg-query", "-S", *files]).stdout.splitlines():
            owned.add(line.split(": ", 1)[-1])
    for path in files:
        if path not in owned:
            yield "cron", path, "no such file", "there"
    for path in glob.glob("/var/spool/cron/crontabs/*"):
        yield "cron", path, "no table of a user's", "there"
    if os.path.exists("/etc/crontab"):
        shown = run(["dpkg-query", "-W", "-f", "${Conffiles}\n", "cron", "cron-daemon-common"]).stdout
        sums = [line.split()[1] for line in shown.splitlines() if line.strip().startswith("/etc/crontab ")]
        with open("/etc/crontab", "rb") as file:
            now = hashlib.md5(file.read(), usedforsecurity=False).hexdigest()
        if now not in sums:
            yield "cron", "/etc/crontab", "as its package has it" if sums else "no such file", "another content"


def database_findings(repairing):
    """What only the database's own program knows: settings of the running server, accounts, what they may do."""
    if os.path.exists(DATABASE_PROGRAM):
        yield from told_findings([DATABASE_PROGRAM, "look", *(["--repair"] if repairing else [])])
