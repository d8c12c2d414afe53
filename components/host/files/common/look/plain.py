"""Files by their plain path: no link is followed, at no step of it."""

import os


def open_plain(path):
    """A descriptor of what lies there; OSError (ELOOP, ENOTDIR) where a part of the path is a link."""
    *folders, name = path.strip("/").split("/")
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in folders:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
            os.close(folder)
            folder = inner
        return os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
    finally:
        os.close(folder)
