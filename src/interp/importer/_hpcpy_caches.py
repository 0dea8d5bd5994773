"""Caches on node-local storage, for the packages that want one.

In a container the home folder may be missing, read-only, or on a network.  CuPy then
fails at import, PyOpenCL at its first kernel, numba and matplotlib complain, PoCL shows
no device.  So a package's variable is set to a folder below ``<tmp>/hpcpy-<uid>``, unless
it is set, before the package is imported, and for numba before it first writes.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# Package -> the variable that its cache goes by.
VARIABLES = {
    "cupy": "CUPY_CACHE_DIR",
    "matplotlib": "MPLCONFIGDIR",
    "numba": "NUMBA_CACHE_DIR",
    "pyopencl": "POCL_CACHE_DIR",
}
_SYSTEM = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108
_ON_PATH = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
# Modes by which others than the owner may write.
_OTHERS = 0o022


def before(package: str) -> None:
    """Set the package's variable before it is imported: a hook of the importer."""
    point(package)


def point(package: str) -> str | None:
    """Set the package's variable, if it is not set and there is a folder, and return it."""
    if package == "pyopencl":  # It keeps a database in the home folder, or fails.
        os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    variable = VARIABLES[package]
    if given := os.environ.get(variable):
        return given
    own = folder()
    if own is None:
        return None
    path = f"{own}/{package}"
    if package == "matplotlib":
        path = _with_settings(path)
    elif package == "pyopencl":  # CuPy and numba make theirs when they write.
        _try(os.mkdir, path, 0o700)
    os.environ[variable] = path
    return path


def _with_settings(cache: str) -> str:
    """Make and return a folder for matplotlib's cache that leads to the user's settings, too.

    Its variable is for both.  In the user's home nothing is written, so the folder has links
    to what may be there.  It is named after that home, which a job may change.
    """
    settings = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    path = f"{cache}{settings.replace('/', '-')[-200:]}"
    if not os.path.lexists(f"{path}/stylelib"):  # the last
        _try(os.mkdir, path, 0o700)
        for name in ("matplotlibrc", "stylelib"):
            _try(os.symlink, f"{settings}/matplotlib/{name}", f"{path}/{name}")
    return path


def _try(make: Callable[..., None], *arguments: object) -> None:
    """Make something that is there already, or cannot be made."""
    try:
        make(*arguments)
    except OSError:
        pass


def folder() -> str | None:
    """Return this user's private folder on node-local storage, made if missing; else None."""
    for path in folders():
        try:
            # Not whether the system's are as they are meant to be: a path call at each import.
            os.close(opened(path, trusted=_SYSTEM))
        except OSError:
            continue
        return path
    return None


def folders() -> list[str]:
    """Return the private folders that this user may have, the best first."""
    given = os.environ.get("TMPDIR", "")
    parents = [*([given] if given else []), *_SYSTEM]
    return [f"{parent}/hpcpy-{os.getuid()}" for parent in parents]


def opened(path: str, *, trusted: tuple[str, ...] = ()) -> int:
    """Open a private folder, made if it is missing; an OSError if it is not private.

    Whether others can rename it is not asked in a `trusted` folder.
    """
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    above, _, name = path.rpartition("/")
    parent = None if above in trusted else os.open(above or "/", _ON_PATH)
    try:
        if parent is None:
            name = path
        else:
            _check(parent)
        try:
            file = os.open(name, flags, dir_fd=parent)
        except FileNotFoundError:
            try:
                os.mkdir(name, 0o700, dir_fd=parent)
            except FileExistsError:  # by another rank of this node
                pass
            file = os.open(name, flags, dir_fd=parent)
    finally:
        if parent is not None:
            os.close(parent)
    status = os.fstat(file)
    # The parent is everybody's: a folder or link of this name that somebody
    # else has put there could feed us machine code.
    if status.st_uid != os.getuid() or status.st_mode & _OTHERS:
        os.close(file)
        raise OSError(errno.EPERM, "others can write there")
    return file


def _check(folder: int) -> None:
    """Raise an OSError if others can put something else in the place of what is in a folder."""
    status = os.fstat(folder)
    if status.st_mode & _OTHERS and not status.st_mode & stat.S_ISVTX:
        raise OSError(errno.EPERM, "others can rename what is there")
    if status.st_uid == 0:  # what is above it is the system's
        return
    parent = os.open("..", _ON_PATH, dir_fd=folder)
    try:
        if not os.path.samestat(status, os.fstat(parent)):
            _check(parent)
    finally:
        os.close(parent)
