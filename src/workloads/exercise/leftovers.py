"""What a student's program leaves behind: processes in sessions of their own, and without parents.

No group or session holds them. But the kernel can give orphans to this process, not to init.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
_PR_GET_CHILD_SUBREAPER = 37


@contextlib.contextmanager
def ended() -> Iterator[None]:
    """Kill, at the end of the block, all processes that have been started in it."""
    libc, was = ctypes.CDLL(None), ctypes.c_int()
    libc.prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(was), 0, 0, 0)
    before = _children()
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        # The children of one that ends become this process's own, and are killed next.
        while left := _children() - before:
            for child in left:
                os.kill(child, signal.SIGKILL)
            for child in left:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(child, 0)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, was.value, 0, 0, 0)


def _children() -> set[int]:
    """Return the children of all threads of this process, also those that have ended."""
    children = set[int]()
    for file in Path("/proc/self/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children.update(map(int, file.read_text().split()))
    return children
