"""How much room the file systems of a host have that its servers keep their data on."""

import os

WRITTEN = ("/", "/var/lib/mysql", "/var/lib/postgresql", "/var/lib/etcd")


def disks():
    """By path: {"freeBytes", "totalBytes"}, each file system once, by the first path that lies on it. Free is what a
    server that is not root may still write."""
    found, seen = {}, set()
    for path in WRITTEN:
        if not os.path.isdir(path) or os.stat(path).st_dev in seen:
            continue
        seen.add(os.stat(path).st_dev)
        room = os.statvfs(path)
        found[path] = {"freeBytes": room.f_bavail * room.f_frsize, "totalBytes": room.f_blocks * room.f_frsize}
    return found
