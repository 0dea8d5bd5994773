"""A lock: of two `make` in one checkout, the second waits for the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator

from hpcpy import paths
from hpcpy.files import disk_errors

_HELD = "HPCPY_CHECKOUT_LOCK"


@contextlib.contextmanager
def checkout_lock() -> Iterator[None]:
    """Hold ``build/.lock``; wait, saying so, while another process has it.

    A command run by one that holds the lock passes straight through: the
    holder tells its children so in the environment.
    """
    if os.environ.get(_HELD) == str(paths.BUILD):
        yield
        return
    with disk_errors(paths.BUILD):
        paths.BUILD.mkdir(parents=True, exist_ok=True)
        lock = (paths.BUILD / ".lock").open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            print(f"waiting for another make here (process {lock.read().strip()})", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        lock.truncate()
        print(os.getpid(), file=lock, flush=True)
        os.environ[_HELD] = str(paths.BUILD)
        try:
            yield
        finally:
            del os.environ[_HELD]
