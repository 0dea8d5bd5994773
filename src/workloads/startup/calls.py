"""The system calls that a start is counted by, and which of them may ask a shared file system.

A path call is one of strace's class ``%file`` that is given a path, whether it succeeds or
not. A call on an open descriptor is none, nor is ``newfstatat(fd, "")``, which the C library
may use for fstat, nor getcwd, which the kernel answers by itself.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

_NAMES = {
    "execve": ("execve", "execveat"),
    "open": ("open", "creat", "openat", "openat2"),
    "stat": ("stat", "lstat", "newfstatat", "statx"),
    "access": ("access", "faccessat", "faccessat2"),
    "readlink": ("readlink", "readlinkat"),
    "getdents": ("getdents", "getdents64"),
    "read": ("read", "pread64", "readv", "preadv", "preadv2"),
}
_KIND_OF = {name: kind for kind, names in _NAMES.items() for name in names}
# Those that are no path calls.
ON_DESCRIPTORS = (*_NAMES["getdents"], *_NAMES["read"])
KINDS = ("execve", "open", "stat", "access", "readlink", "other", "getdents", "read")

# The kernel's, and what every node has of its own.
_LOCAL = ("/etc/", "/proc/", "/sys/", "/dev/")
# The system's libraries, locales and character sets are there, but perhaps also
# a Python, which is what is measured.
_LIBRARIES = ("/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/")


class Call(NamedTuple):
    """A system call that has ended."""

    name: str
    path: str  # Absolute, of its argument or its descriptor; empty for pipes and sockets
    value: int  # Below 0 for an error

    @property
    def kind(self) -> str:
        """One of `KINDS`."""
        return _KIND_OF.get(self.name, "other")


def is_below(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_node_local(path: str) -> bool:
    """Return whether a call with an absolute path needs no shared file system."""
    plain = f"{posixpath.normpath(path)}/"
    return plain.startswith(_LOCAL) or (plain.startswith(_LIBRARIES) and "/python" not in plain)


def path_calls(calls: Sequence[Call]) -> list[Call]:
    """Return the calls that were given a path."""
    return [call for call in calls if call.name not in ON_DESCRIPTORS]


def off_node(calls: Sequence[Call]) -> list[Call]:
    """Return the calls with a path that may ask a shared file system."""
    return [call for call in calls if call.path and not is_node_local(call.path)]


def summary(calls: Sequence[Call]) -> dict[str, Any]:
    """Return the numbers, for tables and for ``--json``."""
    kinds = Counter(call.kind for call in calls)
    read = [call.value for call in off_node(calls) if call.kind == "read"]
    return {
        "path_calls": len(path_calls(calls)),
        "off_node": len(off_node(path_calls(calls))),
        "getdents": kinds["getdents"],
        "kinds": {kind: kinds[kind] for kind in KINDS},
        "opens": sum(call.kind == "open" and call.value >= 0 for call in calls),
        # Pages of mapped files are not in it.
        "bytes_read": sum(size for size in read if size > 0),
    }
