"""Scratch folders below ``build/``, on the disk that its results are moved to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from hpcpy.core import paths
from hpcpy.core.errors import HpcpyError
from hpcpy.core.files import scratch_dir
from hpcpy.core.removal import remove_tree
from hpcpy.core.shared_folder import USERS, used


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
