"""What was asked of the file system, call by call."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from workloads.startup import ptrace
from workloads.startup.places import is_node_local
from workloads.startup.syscalls import DESCRIPTOR, KINDS, PATH_KINDS, Rule

_AT_FDCWD = -100
# Folders of each start, for --json.
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
        """Return the call that a stopped thread is in; execve's path is gone later."""
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
    # An int of 32 bits in a register of 64.
    number = (number & 0xFFFFFFFF) - ((number & 0x80000000) << 1)
    where = "cwd" if number == _AT_FDCWD else f"fd/{number}"
    try:
        path = str(Path(f"/proc/{tid}/{where}").readlink())
    except OSError:
        return None
    return path if path.startswith("/") else None


@dataclass
class Counts:
    """The calls of a program and of all that it started.

    Attributes
    ----------
    calls
        All of them.
    kinds
        Those that have a rule.
    off_node
        Path calls that may ask a shared file system.
    folders, missed
        Of those, in which folder the path is, and how many found nothing.
    opens
        Files and folders that were opened.
    bytes_read
        By read calls from files that are off-node; pages of mapped files are
        not among them.
    bytes_moved
        By reading and copying from anything, pipes too.
    accounted
        The same as the kernel's own account has it, with what processes read
        that it has started; None where there is none.
    processes, threads
        How many it started.
    """

    calls: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    off_node: int = 0
    folders: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    opens: int = 0
    bytes_read: int = 0
    bytes_moved: int = 0
    accounted: int | None = None
    processes: int = 0
    threads: int = 0

    def add(self, call: Pending, value: int) -> None:
        """Take in a call that has ended."""
        kind = call.rule.kind
        if kind in PATH_KINDS:
            if call.path is None:
                self.kinds[DESCRIPTOR] += 1
                return
            if not is_node_local(call.path):
                self._add_off_node(call.path, missed=value < 0)
            self.opens += kind == "open" and value >= 0
        elif kind == "getcwd" and value < 0:
            return
        elif kind in ("read", "copy") and value > 0:
            self.bytes_moved += value
            if kind == "read" and call.path and not is_node_local(call.path):
                self.bytes_read += value
        self.kinds[kind] += 1

    def _add_off_node(self, path: str, *, missed: bool) -> None:
        folder = posixpath.dirname(path)
        self.off_node += 1
        self.folders[folder] += 1
        self.missed[folder] += missed

    def add_child(self, *, thread: bool) -> None:
        """Take in a new thread or process."""
        self.threads += thread
        self.processes += not thread

    def summary(self) -> dict[str, object]:
        """Return the numbers, named as `hpcpy bench startup` names them."""
        return {
            "calls": self.calls,
            "path_calls": sum(self.kinds[kind] for kind in PATH_KINDS),
            "off_node": self.off_node,
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
                (folder, count, self.missed[folder])
                for folder, count in self.folders.most_common(_KEPT)
            ],
        }
