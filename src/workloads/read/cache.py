"""Take files out of the page cache, so that they are read from the disk."""

from __future__ import annotations

import os
from pathlib import Path

from workloads.errors import OutputError


def drop(folder: Path) -> None:
    """Take a folder's files out of this machine's page cache.

    A file server has a cache of its own, and a file system in memory has only the cache:
    their files stay in memory.

    Raises
    ------
    OutputError
        When the files cannot be written to the disk first.
    """
    for path in folder.iterdir():
        with path.open("rb") as file:
            try:
                # Pages that are not on the disk yet would stay in the cache.
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            except OSError as error:
                raise OutputError(f"{path.name}: {error.strerror}") from error
