"""Caches on node-local storage, for the packages that want one.

In a container the home folder may be missing, read-only, or on a network.  CuPy then
fails at import, PyOpenCL at its first kernel, numba and matplotlib complain, PoCL shows
no device.  So a package's variable is set to a folder below ``<tmp>/hpcpy-<uid>``, unless
it is set, before the package is imported, and for numba before it first writes: one
system call.  matplotlib's variable would also hide the settings in the user's home, so
matplotlib calls `folder` itself (matplotlib-config.patch).
"""

from __future__ import annotations

import os

# Package -> the variable that its cache goes by.
VARIABLES = {
    "cupy": "CUPY_CACHE_DIR",
    "matplotlib": "MPLCONFIGDIR",
    "numba": "NUMBA_CACHE_DIR",
    "pyopencl": "POCL_CACHE_DIR",
}


def before(package: str) -> None:
    """Set the package's variable before it is imported: a hook of the importer."""
    point(package)


def point(package: str) -> str | None:
    """Set the package's variable, if it is not set and there is a folder, and return it."""
    if package == "pyopencl":  # It keeps a database in the home folder, or fails.
        os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    variable = VARIABLES[package]
    if variable in os.environ:
        return os.environ[variable]
    own = folder()
    if own is None:
        return None
    os.environ[variable] = path = f"{own}/{package}"
    # CuPy and numba make theirs when they write.
    if package in ("matplotlib", "pyopencl"):
        try:
            os.mkdir(path, 0o700)
        except OSError:
            pass
    return path


def folder() -> str | None:
    """Return this user's private folder on node-local storage, made if missing; else None."""
    for parent in parents():
        if _is_ours(path := f"{parent}/hpcpy-{os.getuid()}"):
            return path
    return None


def parents() -> list[str]:
    """Return the folders for private ones, the best first."""
    given = os.environ.get("TMPDIR", "")
    return [*([given] if given else []), "/tmp", "/var/tmp", "/dev/shm"]  # noqa: S108


def _is_ours(folder: str) -> bool:
    try:
        try:
            status = os.lstat(folder)
        except FileNotFoundError:
            try:
                os.mkdir(folder, 0o700)
            except FileExistsError:  # by another rank of this node
                pass
            status = os.lstat(folder)
    except OSError:
        return False
    # The parent is everybody's: a folder or link of this name that somebody
    # else has put there could feed us machine code.
    is_private = status.st_uid == os.getuid() and not status.st_mode & 0o022
    return is_private and status.st_mode & 0o170000 == 0o040000
