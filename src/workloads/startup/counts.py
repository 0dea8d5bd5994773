"""Count what a start of Python asks of the file system, call by call.

A path call is one of strace's class ``%file`` that is given a path: execve,
open, stat, access, readlink and their relatives, whether it succeeds or not.
`getcwd` is given none, and the kernel answers it by itself: it is counted apart.
A path call is off-node if its path is not node-local (places.py): it may become
a request to a metadata server.  A call on an open descriptor is not a path call.
Nor is ``newfstatat(fd, "")``, which the C library may use for fstat.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from workloads.startup import ptrace
from workloads.startup.places import is_below, is_node_local
from workloads.startup.syscalls import DESCRIPTOR, KINDS, PATH_KINDS, Rule

_AT_FDCWD = -100
# How many folders of each start --json has.
_KEPT = 30


@dataclass(frozen=True)
class Pending:
    """A call that has begun.

    Parameters
    ----------
    rule
        What it is.
    path
        Absolute: the path that it is given, or its descriptor's; None where
        there is none.
    """

    rule: Rule
    path: str | None

    @classmethod
    def at(cls, tid: int, rule: Rule, arguments: Sequence[int]) -> Pending:
        """Return the call that a stopped thread is in, while execve's path can still be read."""
        if rule.path < 0:
            folder = _descriptor(tid, arguments[rule.folder]) if rule.folder >= 0 else None
            return cls(rule, folder)
        named = ptrace.text(tid, arguments[rule.path])
        if not named or named.startswith("/"):
            return cls(rule, named or None)
        start = _descriptor(tid, arguments[rule.folder] if rule.folder >= 0 else _AT_FDCWD)
        return cls(rule, posixpath.join(start or _descriptor(tid, _AT_FDCWD) or "/", named))


def _descriptor(tid: int, number: int) -> str | None:
    """Return the file behind a descriptor, None for pipes and sockets."""
    # It is an int of 32 bits in a register of 64.
    number = (number & 0xFFFFFFFF) - ((number & 0x80000000) << 1)
    where = "cwd" if number == _AT_FDCWD else f"fd/{number}"
    try:
        path = str(Path(f"/proc/{tid}/{where}").readlink())
        root = str(Path(f"/proc/{tid}/root").readlink())
    except OSError:
        return None
    if not path.startswith("/"):
        return None
    # The kernel gives both as seen from outside of a changed root.
    inside = is_below(path, root) and root != "/"
    return path[len(root) :] or "/" if inside else path


class PathCall(NamedTuple):
    """One path call: its name, its kind, the absolute path, what it returned."""

    name: str
    kind: str
    path: str
    value: int


@dataclass
class Counts:
    """The calls of a program and of all that it started.

    Attributes
    ----------
    calls
        How many system calls in all.
    kinds
        How many of each kind, of those that have a rule.
    paths
        Each path call.
    listings
        The folder of each getdents call.
    opens
        Files and folders that were opened.
    bytes_read
        Bytes that read calls took from off-node files, without pages of
        mapped files.
    bytes_moved
        Bytes that read and copy calls took from anything, also from pipes.
    accounted
        The same by the kernel's own account, which includes children that the
        program has waited for; None where there is no account.
    processes, threads
        How many it started.
    """

    calls: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    paths: list[PathCall] = field(default_factory=list)
    listings: list[str | None] = field(default_factory=list)
    opens: int = 0
    bytes_read: int = 0
    bytes_moved: int = 0
    accounted: int | None = None
    processes: int = 0
    threads: int = 0

    def add(self, call: Pending, value: int) -> None:
        """Count a call that has ended."""
        kind = call.rule.kind
        if kind in PATH_KINDS:
            if call.path is None:
                self.kinds[DESCRIPTOR] += 1
                return
            self.paths.append(PathCall(call.rule.name, kind, call.path, value))
            self.opens += kind == "open" and value >= 0
        elif kind == "getcwd" and value < 0:
            return
        elif kind == "getdents":
            self.listings.append(call.path)
        elif kind in ("read", "copy") and value > 0:
            self.bytes_moved += value
            if kind == "read" and call.path and not is_node_local(call.path):
                self.bytes_read += value
        self.kinds[kind] += 1

    def add_child(self, *, thread: bool) -> None:
        """Count a new thread or process."""
        self.threads += thread
        self.processes += not thread

    def summary(self) -> dict[str, object]:
        """Return the numbers, for tables and for ``--json``."""
        off_node = [call for call in self.paths if not is_node_local(call.path)]
        folders = Counter(posixpath.dirname(call.path) for call in off_node)
        missed = Counter(posixpath.dirname(call.path) for call in off_node if call.value < 0)
        return {
            "calls": self.calls,
            "path_calls": len(self.paths),
            "off_node": len(off_node),
            "getdents": self.kinds["getdents"],
            "kinds": {kind: self.kinds[kind] for kind in KINDS},
            "getcwd": self.kinds["getcwd"],
            "opens": self.opens,
            "bytes_read": self.bytes_read,
            "bytes_moved": self.bytes_moved,
            "accounted": self.accounted,
            "processes": self.processes,
            "threads": self.threads,
            "folders": [
                (folder, count, missed[folder]) for folder, count in folders.most_common(_KEPT)
            ],
        }
