"""Folders of configuration that are a role's as a whole (role.sh, wants folder): what packages and roles brought into them is
noted and kept, whatever else appears is a stray."""

import base64
import grp
import hashlib
import json
import os
import pwd
import subprocess

from wanted import ROLES, facts_of, wanted_of_roles

UCF_SUMS = "/var/lib/ucf/hashfile"
# What packages leave beside a file that they may not replace, and what is just being written.
PASSING = (".dpkg-dist", ".dpkg-new", ".dpkg-old", ".dpkg-tmp", ".ucf-dist", ".ucf-new", ".ucf-old", ".evenkeel-new")
DROP_INS = "/etc/systemd/system/%s.d"


def folders_of(said):
    """By folder, the unit that reads it and how it takes a change (reload, restart or none). `said`: a role's notes. A
    unit's own settings are always looked at."""
    folders = {words[0]: words[1:] for words in said.get("folders", [])}
    for words in said.get("units", []):
        folders.setdefault(DROP_INS % words[0], [words[0], "none"])
    return folders


def files_below(folder):
    for path, folders, names in os.walk(folder):
        # A link to a folder is followed by whoever reads it, and not here.
        for name in [*names, *(name for name in folders if os.path.islink(os.path.join(path, name)))]:
            if not name.endswith(PASSING):
                yield os.path.join(path, name)


def sums_of_packages(paths):
    """By path, the MD5 sums that packages say they have there: dpkg's configuration files, and those of ucf."""
    sums = {}
    if not paths:
        return sums
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Conffiles}\n"], capture_output=True, text=True, errors="surrogateescape", timeout=20).stdout
    for line in shown.splitlines():
        words = line.split()
        if len(words) >= 2 and words[0] in paths:
            sums.setdefault(words[0], set()).add(words[1])
    if os.path.exists(UCF_SUMS):
        with open(UCF_SUMS) as lines:
            for line in lines:
                words = line.split()
                if len(words) == 2 and words[1] in paths:
                    sums.setdefault(words[1], set()).add(words[0])
    return sums


def is_of_package(path, sums):
    """Whether its package has it just so."""
    if path not in sums or os.path.islink(path):
        return False
    try:
        with open(path, "rb") as file:
            return hashlib.md5(file.read(), usedforsecurity=False).hexdigest() in sums[path]
    except OSError:
        return False


def owned_by_packages(paths):
    """Those that a package brought, or that lead to one that did."""
    if not paths:
        return set()
    real = {path: os.path.realpath(path) for path in paths}
    asked = sorted({*paths, *real.values()})
    shown = subprocess.run(["dpkg-query", "-S", "--", *asked], capture_output=True, text=True, errors="surrogateescape", timeout=20).stdout
    owned = {line.split(": ", 1)[-1] for line in shown.splitlines()}
    owned |= set(sums_of_packages(set(asked)))
    return {path for path in paths if path in owned or real[path] in owned}


def remember(noted, earlier):
    """Of a role that has finished: (facts by path, contents by path) of all that belongs into its folders. What was
    changed by hand since `earlier` (the role's last notes) is not wanted for being there."""
    folders = folders_of(noted)
    known = (earlier or {}).get("inFolders", {})
    kept = kept_of(noted["role"]) if earlier else {}
    there = {path for folder in folders for path in files_below(folder) if path not in noted["files"]}
    differing = {path for path in there & set(known) if facts_of(path) != known[path]}
    sums = sums_of_packages(differing)
    # Where a folder is looked at for the first time, what lies there is all that anybody knows.
    before = set(folders_of(earlier)) if "inFolders" in (earlier or {}) else set()
    new = {path for path in there - set(known) if any(path.startswith(folder + "/") for folder in before)}
    strays = new - owned_by_packages(new)
    facts, contents = {}, {}
    for path in sorted(there - strays):
        if path in differing and path in kept and not is_of_package(path, sums):
            facts[path], contents[path] = known[path], kept[path]
            continue
        facts[path] = facts_of(path)
        if path in differing and "content" in facts[path] and "mode" in known[path]:
            # The package has another content by now; its mode and owner were changed by somebody else.
            facts[path] = {**known[path], "content": facts[path]["content"]}
        if "content" in (facts[path] or {}) and os.path.isfile(path):
            with open(path, "rb") as file:
                contents[path] = base64.b64encode(file.read()).decode()
    # Gone by hand; what a package took away is no file of one any more.
    gone = set(known) - there
    for path in owned_by_packages(gone) & set(kept):
        facts[path], contents[path] = known[path], kept[path]
    return facts, contents


def kept_of(role):
    try:
        with open("%s/%s.kept" % (ROLES, role)) as file:
            return json.load(file)
    except (FileNotFoundError, ValueError):
        return {}


def changed_by_package(path):
    return is_of_package(path, sums_of_packages({path}))


def strays(wanted):
    """Files in a role's folders that neither a role nor a package brought."""
    tracked = {path for role in wanted_of_roles() for key in ("files", "inFolders") for path in role.get(key, {})}
    unknown = {
        path for folder in folders_of(wanted) if "inFolders" in wanted for path in files_below(folder) if path not in tracked
    }
    return sorted(unknown - owned_by_packages(unknown))


def give_back(role, path, was):
    """A noted file as it was: content, mode and owner, or where a link leads."""
    draft = path + ".evenkeel-new"
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    if "link" in was:
        if os.path.lexists(draft):
            os.unlink(draft)
        os.symlink(was["link"], draft)
    else:
        content = base64.b64decode(kept_of(role)[path])
        user, group = was["owner"].split(":")
        file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(file, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
            os.fchown(out.fileno(), pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid)
            os.fchmod(out.fileno(), int(was["mode"], 8))
    os.replace(draft, path)
