"""Caches on node-local storage, for the packages that want one.

In a container the home folder may be missing, read-only, or on a network.  CuPy then
fails at import, PyOpenCL at its first kernel, numba and matplotlib complain, PoCL shows
no device.  So a package's variable is set to a folder below ``<tmp>/hpcpy-<uid>``, unless
it is set, before the package is imported, and for numba before it first writes.
"""

from __future__ import annotations

import os

from _hpcpy_private import folder

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


def before(package: str) -> None:
    """Set the package's variable before it is imported: a hook of the importer."""
    point(package)


def point(package: str) -> str | None:
    """Set the package's variable, if it is not set and there is a folder, and return it."""
    if package == "pyopencl":  # It keeps a database in the home folder, or fails.
        os.environ.setdefault("PYOPENCL_NO_CACHE", "1")
    variable = VARIABLES[package]
    if variable in os.environ:  # Empty, it is the package's own place: numba's is the source's.
        return os.environ[variable]
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
