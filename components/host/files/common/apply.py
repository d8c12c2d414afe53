"""Applies one role to a host: writes the files that differ, then runs the role script.

This program itself comes by standard input, with its job in it, so that nothing of it stands in an argument: one line
of JSON {"role", "files": [{"path", "mode", "owner", "content", "own"}], "script", "machineId", "words"} with every
apostrophe escaped; machineId only makes a new machine's job another one, own and words are for evenkeel-look. Runs as
root, one role at a time (flock with a deadline), and keeps the list of files written since the role last finished, so
that a run cut short repeats what depends on them.
"""
import errno, fcntl, grp, json, os, pwd, subprocess, sys, time

JOB = json.loads(r'''
@@JOB@@
''')
STATE = "/var/lib/evenkeel/roles"
LOCK_WAIT_SECONDS = 300


def take_lock():
    lock = open("/run/evenkeel-role.lock", "w")
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                sys.exit("another role has held /run/evenkeel-role.lock for %d s" % LOCK_WAIT_SECONDS)
            time.sleep(0.2)


def ids(owner):
    # An owner that a package of this same role creates does not exist yet at the first run: root keeps the file
    # until the role script hands it over.
    user, _, group = owner.partition(":")
    try:
        return pwd.getpwnam(user).pw_uid, grp.getgrnam(group or user).gr_gid
    except KeyError:
        return 0, 0


def write(entry):
    path, content, mode = entry["path"], entry["content"].encode(), int(entry["mode"], 8)
    uid, gid = ids(entry["owner"])
    try:
        # A link is not followed: what it leads to is somebody else's, whatever it holds.
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW)) as present:
            info = os.fstat(present.fileno())
            same = present.read() == content
            if same and (info.st_mode & 0o7777, info.st_uid, info.st_gid) == (mode, uid, gid):
                return False
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    draft = path + ".evenkeel-new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    os.chown(draft, uid, gid)
    os.chmod(draft, mode)
    os.replace(draft, path)
    return True


def write_all(files, pending_path):
    # Every path is noted before it is written: a run that dies in between repeats work, it never skips any.
    pending = []
    if os.path.exists(pending_path):
        with open(pending_path) as known:
            pending = known.read().splitlines()
    with open(pending_path, "a") as known:
        known.write("".join(entry["path"] + "\n" for entry in files))
        known.flush()
        os.fsync(known.fileno())
    changed = [entry["path"] for entry in files if write(entry)]
    notes = "".join(path + "\n" for path in sorted(set(pending + changed)))
    write({"path": pending_path, "mode": "0644", "owner": "root", "content": notes})


def remember(base):
    """What this role leaves, for evenkeel-look to compare with; and the job, for it to be applied again."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, "/usr/local/lib/evenkeel/look")
    import folders, wanted

    noted = wanted.remember(JOB, base + ".said")
    noted["inFolders"], kept = folders.remember(noted, wanted.wanted_of(JOB["role"]))
    write({"path": base + ".job", "mode": "0600", "owner": "root", "content": json.dumps(JOB)})
    write({"path": base + ".kept", "mode": "0600", "owner": "root", "content": json.dumps(kept)})
    write({"path": base + ".wanted", "mode": "0600", "owner": "root", "content": json.dumps(noted)})


def main():
    os.umask(0o022)
    os.makedirs(STATE, mode=0o700, exist_ok=True)
    lock = take_lock()
    base = os.path.join(STATE, JOB["role"])
    write_all(JOB["files"], base + ".pending")
    write({"path": base + ".sh", "mode": "0700", "owner": "root", "content": JOB["script"]})
    open(base + ".said", "w").close()
    environment = dict(os.environ, EVENKEEL_CHANGED=base + ".pending", EVENKEEL_SAID=base + ".said", EVENKEEL_ROLE=JOB["role"])
    # The script holds the lock as well: where this program is killed alone, a rerun waits until the script has ended.
    held = [lock.fileno()]
    done = subprocess.run(["bash", base + ".sh"], stdin=subprocess.DEVNULL, env=environment, pass_fds=held)
    if done.returncode == 0:
        remember(base)
        os.remove(base + ".pending")
    # For all who have it: what a script may have left running holds nobody up.
    fcntl.flock(lock, fcntl.LOCK_UN)
    sys.exit(done.returncode)


main()
