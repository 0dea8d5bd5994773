"""The private folder of a user on node-local storage, for caches and placed files."""

from __future__ import annotations

import errno
import os
import stat

_SYSTEM = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
_ON_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
# Modes by which others than the owner may write.
_OTHERS = 0o022


def folder() -> str | None:
    """Return this user's private folder on node-local storage, made if missing; else None."""
    for path in folders():
        try:
            # Not whether the system's are as they are meant to be: a path call at each import.
            os.close(opened(path, trusted=_SYSTEM))
        except OSError:
            continue
        return path
    return None


def folders() -> list[str]:
    """Return the private folders that this user may have, the best first."""
    given = os.environ.get("TMPDIR", "")
    # What a link on its way leads to now: its owner may change it after the check.
    parents = [*([os.path.realpath(given)] if given else []), *_SYSTEM]
    return [f"{parent}/hpcpy-{os.getuid()}" for parent in parents]


def opened(path: str, *, trusted: tuple[str, ...] = ()) -> int:
    """Open a private folder, made if it is missing; an OSError if it is not private.

    Whether others can rename it is not asked in a `trusted` folder.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    above, _, name = path.rpartition("/")
    parent = None if above in trusted else os.open(above or "/", _ON_PATH)
    try:
        if parent is None:
            name = path
        else:
            _check(parent)
        try:
            file = os.open(name, flags, dir_fd=parent)
        except FileNotFoundError:
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:  # by another rank of this node
                pass
            file = os.open(name, flags, dir_fd=parent)
    finally:
        if parent is not None:
            os.close(parent)
    status = os.fstat(file)
    # The parent is everybody's: a folder or link of this name that somebody
    # else has put there could feed us machine code.
    if status.st_uid != os.getuid() or status.st_mode & _OTHERS:
        os.close(file)
        raise OSError(errno.EPERM, "others can write there")
    return file


def _is_unmapped(user: int) -> bool:
    """Tell whether a user is what a user namespace shows of all others, root too."""
    with open("/proc/self/uid_map") as lines, open("/proc/sys/kernel/overflowuid") as number:
        return lines.read().split()[2:] != ["4294967295"] and user == int(number.read())


def _check(folder: int) -> None:
    """Raise an OSError if others can put something else in the place of what is in a folder."""
    status = os.fstat(folder)
    if status.st_mode & _OTHERS and not status.st_mode & stat.S_ISVTX:
        raise OSError(errno.EPERM, "others can rename what is there")
    # A sticky folder's owner can, too.
    if status.st_uid not in (0, os.getuid()) and not _is_unmapped(status.st_uid):
        raise OSError(errno.EPERM, "its owner can rename what is there")
    if status.st_uid == 0:  # what is above it is the system's
        return
    parent = os.open("..", _ON_PATH, dir_fd=folder)
    try:
        if not os.path.samestat(status, os.fstat(parent)):
            _check(parent)
    finally:
        os.close(parent)
