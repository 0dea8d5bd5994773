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

# Each kind's calls: the name and the number on x86-64.
_TABLE = """
execve: execve 59, execveat 322
open: open 2, creat 85, openat 257, openat2 437
stat: stat 4, lstat 6, newfstatat 262, statx 332
access: access 21, faccessat 269, faccessat2 439
readlink: readlink 89, readlinkat 267
other: truncate 76, chdir 80, rename 82, mkdir 83, rmdir 84, link 86, unlink 87, symlink 88
other: chmod 90, chown 92, lchown 94, utime 132, mknod 133, statfs 137, chroot 161, mount 165
other: umount2 166, setxattr 188, lsetxattr 189, getxattr 191, lgetxattr 192, listxattr 194
other: llistxattr 195, removexattr 197, lremovexattr 198, utimes 235, mkdirat 258, mknodat 259
other: fchownat 260, futimesat 261, unlinkat 263, renameat 264, linkat 265, symlinkat 266
other: fchmodat 268, utimensat 280, name_to_handle_at 303, renameat2 316, fchmodat2 452
getdents: getdents 78, getdents64 217
read: read 0, pread64 17, readv 19, preadv 295, preadv2 327
"""
# Number: name and kind.
CALLS = {
    int(call.split()[1]): (call.split()[0], line.partition(":")[0])
    for line in _TABLE.strip().splitlines()
    for call in line.partition(":")[2].split(",")
}
PATH_KINDS = ("execve", "open", "stat", "access", "readlink", "other")
KINDS = (*PATH_KINDS, "getdents", "read")

# The kernel's, and what every node has of its own.
_LOCAL = ("/etc", "/proc", "/sys", "/dev")
# The system's libraries, locales and character sets are there, but perhaps also
# a Python, which is what is measured.
_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64")


class Call(NamedTuple):
    """A system call that has ended."""

    name: str
    kind: str
    path: str  # Absolute, of its argument or its descriptor; empty for pipes and sockets
    value: int  # Below 0 for an error


def is_below(path: str, folder: str) -> bool:
    """Return whether `path` is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_node_local(path: str) -> bool:
    """Return whether a call with an absolute path needs no shared file system."""
    plain = posixpath.normpath(path)
    if any(is_below(plain, folder) for folder in _LOCAL):
        return True
    if not any(is_below(plain, folder) for folder in _LIBRARIES):
        return False
    return not any(part.startswith("python") for part in plain.split("/"))


def path_calls(calls: Sequence[Call]) -> list[Call]:
    """Return the calls that were given a path."""
    return [call for call in calls if call.kind in PATH_KINDS]


def off_node(calls: Sequence[Call]) -> list[Call]:
    """Return the calls with a path that may ask a shared file system."""
    return [call for call in calls if call.path and not is_node_local(call.path)]


def summary(calls: Sequence[Call]) -> dict[str, Any]:
    """Return the numbers, for tables and for ``--json``."""
    kinds = Counter(call.kind for call in calls)
    asking = off_node(path_calls(calls))
    return {
        "path_calls": len(path_calls(calls)),
        "off_node": len(asking),
        "getdents": kinds["getdents"],
        "kinds": {kind: kinds[kind] for kind in KINDS},
        "opens": sum(call.kind == "open" and call.value >= 0 for call in calls),
        # Pages of mapped files are not in it.
        "bytes_read": sum(
            call.value for call in off_node(calls) if call.kind == "read" and call.value > 0
        ),
    }
