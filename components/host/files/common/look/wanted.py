"""What a role leaves on its host, as apply.py notes it (/var/lib/evenkeel/roles/<role>.wanted) and evenkeel-look compares it."""

import glob
import grp
import hashlib
import json
import os
import pwd
import time

ROLES = "/var/lib/evenkeel/roles"
# What a role script may say (role.sh, wants), and the key of the note that it stands under.
SAID = {
    "package": "packages",
    "unit": "units",
    "file": "files",
    "folder": "folders",
    "sysctl": "sysctls",
    "look": "looks",
    "did": "did",
}


def name_of(lookup, number):
    try:
        return lookup(number)[0]
    except KeyError:
        return str(number)


def owner_of(info):
    return "%s:%s" % (name_of(pwd.getpwuid, info.st_uid), name_of(grp.getgrgid, info.st_gid))


def facts_of(path):
    """What is compared of a file: its content's hash, mode and owner, or where a link leads; None where it is not."""
    try:
        info = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    if os.path.islink(path):
        return {"link": os.readlink(path)}
    content = "no file"
    if os.path.isfile(path):
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
    return {"content": content, "mode": "%04o" % (info.st_mode & 0o7777), "owner": owner_of(info)}


def said_lines(path):
    """By kind, the words of each line that a role script said (role.sh, wants), each line once."""
    said = {kind: [] for kind in SAID}
    if os.path.exists(path):
        with open(path) as lines:
            for line in lines:
                words = line.split()
                if words and words[1:] not in said[words[0]]:
                    said[words[0]].append(words[1:])
    return said


def remember(job, said_path):
    """Called by apply.py when a role has finished: what lies there now is what is wanted."""
    said = said_lines(said_path)
    noted = {SAID[kind]: lines for kind, lines in said.items()}
    noted["packages"] = [words[0] for words in said["package"]]
    paths = [*(entry["path"] for entry in job["files"]), *(words[0] for words in said["file"])]
    noted["files"] = {path: facts_of(path) for path in paths}
    # On a new host everything was started for the first time, which says nothing.
    first = not os.path.exists("%s/%s.wanted" % (ROLES, job["role"]))
    noted["did"] = [] if first else [" ".join(words) for words in said["did"]]
    configured = [entry["path"] for entry in job["files"] if entry["path"].startswith("/etc/") and not entry.get("own")]
    words = job.get("words", {})
    return {"role": job["role"], "at": time.time(), **noted, "words": words, "compared": configured if words else []}


def wanted_of(role):
    """The note of a role; None where it never finished."""
    try:
        with open("%s/%s.wanted" % (ROLES, role)) as file:
            return json.load(file)
    except FileNotFoundError:
        return None


def wanted_of_roles():
    return [wanted_of(os.path.basename(path)[: -len(".wanted")]) for path in sorted(glob.glob(ROLES + "/*.wanted"))]
