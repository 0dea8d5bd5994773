"""Run at every start of the image's Python: caches on node-local storage.

In a container the home folder may be missing, read-only, or a network's.
CuPy then fails at import, numba and matplotlib complain, PoCL shows no
device.  Each of their variables that is not set is pointed below
``<tmp>/hpcpy-<uid>``, which costs two system calls and no import.
"""

from __future__ import annotations

import os

_CACHES = {
    "CUPY_CACHE_DIR": "cupy",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "POCL_CACHE_DIR": "pocl",
}


def _private_folder(parent: str) -> str | None:
    path = f"{parent}/hpcpy-{os.getuid()}"
    try:
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            pass
        status = os.lstat(path)
    except OSError:
        return None
    # The parent is everybody's: a folder or link of this name that somebody
    # else has put there could feed us machine code.
    is_ours = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return path if is_ours and status.st_mode & 0o170000 == 0o040000 else None


def _point_caches() -> None:
    for parent in (os.environ.get("TMPDIR"), "/tmp", "/var/tmp", "/dev/shm"):  # noqa: S108
        folder = _private_folder(parent) if parent else None
        if folder:
            for variable, name in _CACHES.items():
                path = f"{folder}/{name}"
                if os.environ.setdefault(variable, path) == path:
                    # matplotlib and PoCL want theirs to be there.
                    try:
                        os.mkdir(path, 0o700)
                    except OSError:
                        pass
            return


_point_caches()
