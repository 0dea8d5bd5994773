"""Cache folders that can be written: node-local, per user, never an error.

In a container the home directory may be missing or read-only, and numba,
PoCL and matplotlib then fail or warn. A variable the user has set wins as
long as its folder can be written.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import stat
import tempfile
from pathlib import Path


def provide(variable: str, name: str) -> bool:
    """Make the environment variable `variable` name a writable folder.

    Parameters
    ----------
    variable
        What the library reads, for example ``NUMBA_CACHE_DIR``; to be set
        before that library is imported.
    name
        The folder's name, below the temporary folder of this user's hpcpy.

    Returns
    -------
    bool
        False when no folder can be written; the variable is then as before.
    """
    given = os.environ.get(variable)
    if given and _writable(Path(given)):
        return True
    base = _base()
    if base is None or not _writable(base / name):
        return False
    os.environ[variable] = str(base / name)
    return True


def _writable(path: Path) -> bool:
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            return True
    except OSError:
        return False


@functools.cache
def _base() -> Path | None:
    path = Path(tempfile.gettempdir()) / f"hpcpy-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        status = path.lstat()
        # /tmp is shared: a folder of this name that somebody else has put
        # there could feed us machine code.
        private = stat.S_ISDIR(status.st_mode) and not status.st_mode & 0o022
        if private and status.st_uid == os.getuid():
            return path
        # Not a dash last: Dask reads its variables as Python, and warns of a path with "-1in".
        path = Path(tempfile.mkdtemp(prefix=f"hpcpy-{os.getuid()}-own_"))
    except OSError:
        return None
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path
