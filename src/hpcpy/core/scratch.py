"""Folders that several builds use at once, and scratch folders below ``build/``."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import HpcpyError
from hpcpy.core.files import disk_errors, lock, make_folder, scratch_dir
from hpcpy.core.removal import remove_tree

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


@contextlib.contextmanager
def build_scratch(prefix: str) -> Iterator[Path]:
    """Give an empty folder that is gone afterwards.

    What a killed command has left, up to 3 GB, goes when the next one asks for a folder.
    """
    parent = paths.BUILD / "scratch"

    def tidy() -> None:
        for left in parent.iterdir():
            # What a verify has mounted stays: nothing below it is removed by mistake.
            with contextlib.suppress(HpcpyError):
                if left.name != USERS:
                    remove_tree(left)

    with used(parent, tidy), scratch_dir(parent, prefix) as folder:
        yield folder
