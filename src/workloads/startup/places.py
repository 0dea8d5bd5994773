"""Which paths a node answers by itself, and which may ask a shared file system.

As `hpcpy.measure.places` has it, which no image contains; a test holds the
two together.
"""

from __future__ import annotations

import posixpath

# The kernel's, and what every node has of its own.
_LOCAL = ("/etc", "/proc", "/sys", "/dev")
# Libraries, locales and character sets are the system's there; a Python is
# what is measured.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


def is_node_local(path: str) -> bool:
    """Tell whether an absolute path costs no shared file system anything."""
    plain = posixpath.normpath(path)
    if any(_is_below(plain, folder) for folder in _LOCAL):
        return True
    if not any(_is_below(plain, folder) for folder in _LIBRARIES):
        return False
    return not any(part.startswith("python") for part in plain.split("/"))


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
