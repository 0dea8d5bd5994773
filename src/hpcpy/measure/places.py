"""Which paths a node answers by itself, and which may ask a shared file system."""

from __future__ import annotations

import posixpath

# The kernel's, and what every node has of its own.
_LOCAL = ("/etc", "/proc", "/sys", "/dev")
# Only libraries, locales and character sets are the system's there: a Python
# of a distribution, below /usr/lib too, would be what is measured.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def is_below(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_node_local(path: str) -> bool:
    """Tell whether a path costs no shared file system anything.

    Parameters
    ----------
    path
        Absolute, as the program sees it.

    Examples
    --------
    >>> is_node_local("/lib/x86_64-linux-gnu/libc.so.6")
    True
    >>> is_node_local("/opt/mpich/lib/libmpi.so.12")
    False
    """
    plain = posixpath.normpath(path)
    if any(is_below(plain, folder) for folder in _LOCAL):
        return True
    if not any(is_below(plain, folder) for folder in _LIBRARIES):
        return False
    return not any(part.startswith("python") for part in plain.split("/"))
