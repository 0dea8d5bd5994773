"""Folders that take each other's place: packed, unpacked, interrupted in between.

Beside PREFIX there are, for a time, `PREFIX.packing`, what is being made, and
`PREFIX.unpacked`, the folder as it was.  Each state of the three, after a kill too, leads
back or on.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core.errors import UsageError
from hpcpy.core.files import disk_errors, lock, make_folder
from hpcpy.core.removal import remove_tree

_AT_FDCWD, _EXCHANGE = -100, 2
_UNKNOWN = (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)


def beside(prefix: Path, state: str) -> Path:
    """Return the folder of a state: `packing` or `unpacked`."""
    return prefix.with_name(f"{prefix.name}.{state}")


def is_packed(folder: Path) -> bool:
    """Tell whether a folder is a packed environment, whole."""
    return (folder / ".pack/config").is_file()


@contextlib.contextmanager
def _no_signals() -> Iterator[None]:
    # Between two renames of a file system without an exchange there is no prefix.
    ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def exchange(one: Path, other: Path) -> None:
    """Have two folders take each other's place, at once where the file system can."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = (_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other))
    with _no_signals(), disk_errors(one):
        rename = getattr(libc, "renameat2", None)  # from glibc 2.28 on
        if rename and rename(*names, _EXCHANGE) == 0:
            return
        if rename and ctypes.get_errno() not in _UNKNOWN:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(one))
        # NFS and Lustre: `recover` finishes what is cut off here.
        away = one.with_name(f"{one.name}.exchanging")
        one.rename(away)
        other.rename(one)
        away.rename(other)


def recover(prefix: Path) -> None:
    """Finish what was interrupted, so that the prefix is there, packed or not."""
    packing, unpacked = beside(prefix, "packing"), beside(prefix, "unpacked")
    away = beside(prefix, "exchanging")
    with disk_errors(prefix):
        if away.exists():
            away.rename(prefix if not prefix.exists() else packing)
        # Packed, and the old folder has not got its name.
        if is_packed(prefix) and packing.exists() and not (packing / ".pack").exists():
            packing.rename(unpacked)
    if is_packed(prefix):
        return
    # Undone, and the packed one is left.
    for left in (packing, unpacked):
        if prefix.exists() and is_packed(left):
            with contextlib.suppress(UsageError), _locked(left, prefix):
                remove_tree(left)


@contextlib.contextmanager
def _locked(folder: Path, prefix: Path) -> Iterator[None]:
    with (folder / ".pack/lock").open("w") as stream:
        try:
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(f"{prefix}: is being packed by another process") from error
        yield


@contextlib.contextmanager
def making(prefix: Path) -> Iterator[Path]:
    """Give an empty folder beside the prefix, which is gone afterwards unless it was exchanged."""
    packing = beside(prefix, "packing")
    if packing.exists() and not (packing / ".pack").is_dir():
        raise UsageError(f"{packing}: is in the way", hint="move it")
    make_folder(packing / ".pack")
    number = packing.stat().st_ino
    with disk_errors(packing), _locked(packing, prefix):
        for left in (*packing.iterdir(), *(packing / ".pack").iterdir()):  # of one that was killed
            if left.name not in (".pack", "lock"):
                remove_tree(left)
        try:
            yield packing
        finally:
            with _no_signals():
                if packing.exists() and packing.stat().st_ino == number:
                    remove_tree(packing)
