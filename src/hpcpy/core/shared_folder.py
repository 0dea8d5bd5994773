"""Folders that several builds use at once, tidied when a killed one was the last."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

from hpcpy.core.files import disk_errors, lock, make_folder

USERS = ".users"


@contextlib.contextmanager
def used(folder: Path, tidy: Callable[[], None]) -> Iterator[None]:
    """Use a folder; where nobody else does, tidy it first.

    The kernel drops the lock of a process that is killed.
    """
    make_folder(folder)
    with disk_errors(folder):
        stream = (folder / USERS).open("a")
    with stream:
        with contextlib.suppress(BlockingIOError):
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            tidy()
        # Who is tidying just now is waited for.
        lock(stream, fcntl.LOCK_SH)
        yield
