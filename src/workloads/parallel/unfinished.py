"""Unfinished files, which are removed when this process is ended.

A rank that MPI keeps from noticing a signal ends by SIGALRM, or when another
rank aborts all: nothing then removes what it was writing.  See stopping.py.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

_removals: dict[Path, Callable[[Path], object]] = {}


@contextlib.contextmanager
def unfinished(path: Path, remove: Callable[[Path], object] = os.unlink) -> Iterator[None]:
    """Have `remove_all` remove a path until the block ends: it is not complete before.

    Parameters
    ----------
    path
        A temporary name, whether or not there is something of that name yet.
    remove
        Called with the path, in another thread; its OSError is ignored.
    """
    _removals[path] = remove
    try:
        yield
    finally:
        _removals.pop(path, None)


def remove_all() -> None:
    """Remove whatever is not complete."""
    for path, remove in list(_removals.items()):
        with contextlib.suppress(OSError):
            remove(path)
