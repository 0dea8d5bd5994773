"""Cache folders that can be written: node-local, per user, never an error.

In a container the home directory may be missing or read-only, and numba and Dask then
fail or warn.
"""

from __future__ import annotations

import functools
import os
import stat
import tempfile
from pathlib import Path


def provide(variable: str, name: str) -> bool:
    """Make an environment variable name a writable folder, and return whether there is one.

    The user's own wins. To be called before the library that reads it is imported.
    """
    for folder in (os.environ.get(variable), _own_folder() and f"{_own_folder()}/{name}"):
        if folder and _is_writable(folder):
            os.environ[variable] = folder
            return True
    return False


def _is_writable(folder: str) -> bool:
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@functools.cache
def _own_folder() -> str:
    path = f"{tempfile.gettempdir()}/hpcpy-{os.getuid()}"
    try:
        Path(path).mkdir(mode=0o700, exist_ok=True)
        status = os.lstat(path)
    except OSError:
        return ""
    # /tmp is shared: a folder of this name that somebody else has put
    # there could feed us machine code.
    is_private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022
    return path if is_private and status.st_uid == os.getuid() else ""
