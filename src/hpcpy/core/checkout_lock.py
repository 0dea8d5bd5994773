"""A lock: of two `make` in one checkout, the second waits for the first."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator

from hpcpy.core import paths
from hpcpy.core.files import disk_errors, lock

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
        stream = (paths.BUILD / ".lock").open("a+", errors="replace")
    with stream:
        try:
            lock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            print(
                f"waiting for another make here (process {stream.read().strip()})", file=sys.stderr
            )
            lock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        stream.truncate()
        print(os.getpid(), file=stream, flush=True)
        os.environ[_HELD] = str(paths.BUILD)
        try:
            yield
        finally:
            del os.environ[_HELD]
