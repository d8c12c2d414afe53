"""Compares a host with the notes of its roles. Each function gives (kind, what, wanted, found); no content is ever told."""

import glob
import json
import os
import subprocess
import sys

import folders
from wanted import facts_of

DATABASE_ROLE = "/var/lib/evenkeel/role.json"
FENCING = "/var/lib/evenkeel/fencing"
DATABASE_PROGRAM = "/usr/local/sbin/evenkeel-db"
# Tables outside the folders that every role notes (role.sh, secure_ssh).
CRONTABS = ("/etc/crontab", "/etc/anacrontab")
COMMAND_SECONDS = 20
# What looks deeper than one question: a server's settings and accounts, a tree of files.
DEEP_SECONDS = 60


def run(command, seconds=COMMAND_SECONDS, **more):
    # Names of files may be no text: they are told as they can be.
    return subprocess.run(command, capture_output=True, text=True, errors="surrogateescape", timeout=seconds, **more)


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
            for kind, *finding in differences(path, was, now):
                yield kind_in(path, kind), *finding
    for path in folders.strays(wanted):
        yield kind_in(path, "file"), path, "no such file", "there"


def kind_in(path, kind):
    return "cron" if path.startswith("/etc/cron.") else kind


def differences(path, was, now):
    if now is None:
        yield "file", path, "is there", "missing"
        return
    if ("link" in was) != ("link" in now):
        yield "link", path, *("link %s" % facts["link"] if "link" in facts else "a file" for facts in (was, now))
        return
    for part in sorted(was):
        before, after = was[part], now[part]
        if before == after:
            continue
        if part == "content":
            yield "file", path, "content as written", "no file" if after == "no file" else "another content"
        else:
            yield ("link" if part == "link" else "file"), path, "%s %s" % (part, before), "%s %s" % (part, after)


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
    """Nothing of ours is run by cron: a user's own table, or one that is not as a package brought it, is a stray."""
    for path in sorted(glob.glob("/var/spool/cron/crontabs/*")):
        yield "cron", path, "no table of a user's", "there"
    present = [path for path in CRONTABS if os.path.lexists(path)]
    sums = folders.sums_of_packages(set(present))
    for path in present:
        if not folders.is_of_package(path, sums):
            yield "cron", path, "as its package has it" if path in sums else "no such file", (
                "another content" if os.path.isfile(path) else "no file"
            )


def database_findings(repairing):
    """What only the database's own program knows: settings of the running server, accounts, what they may do."""
    if os.path.exists(DATABASE_PROGRAM):
        yield from told_findings([DATABASE_PROGRAM, "look", *(["--repair"] if repairing else [])])
