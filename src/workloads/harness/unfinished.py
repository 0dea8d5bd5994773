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
    """Have `remove_all` remove a path that is not complete before the block's end.

    Parameters
    ----------
    path
        A temporary name, before or after there is something of that name.
    remove
        Called with it, in another thread; what it raises as OSError is ignored.
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
