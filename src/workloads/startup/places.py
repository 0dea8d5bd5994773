"""Which paths a node answers by itself, and which may ask a shared file system."""

from __future__ import annotations

import posixpath

# The kernel's, and what every node has of its own.
_LOCAL = ("/etc", "/proc", "/sys", "/dev")
# The system's libraries, locales and character sets are there, but perhaps also
# a Python, which is what is measured.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def is_node_local(path: str) -> bool:
    """Tell whether a call with an absolute path needs no shared file system."""
    plain = posixpath.normpath(path)
    if any(is_below(plain, folder) for folder in _LOCAL):
        return True
    if not any(is_below(plain, folder) for folder in _LIBRARIES):
        return False
    return not any(part.startswith("python") for part in plain.split("/"))


def is_below(path: str, folder: str) -> bool:
    """Tell whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
