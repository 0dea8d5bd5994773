"""What one start of Python asks of the file system, from its own execve on.

A path system call is one of strace's class ``%file`` that is given a path:
execve, open, stat, access, readlink and their relatives, whether it succeeds
or not.  `getcwd` is given none, and the kernel answers it by itself: it is
told apart.  Off-node is each path call whose path is not node-local
(`hpcpy.measure.places`), and which so may become a request to a metadata
server.  A call on an open descriptor is none of them, ``newfstatat(fd, "")``
included: the C library writes fstat either way.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from hpcpy.measure.places import is_below, is_node_local
from hpcpy.measure.strace import Call, TraceError, calls, descriptor_path, string

# What strace is to record: paths, processes, listings, bytes.
TRACED = "%file,%process,getdents,getdents64,read,pread64,readv,preadv,preadv2,fchdir"

_KINDS = {
    "execve": ("execve", "execveat"),
    "open": ("open", "openat", "openat2", "creat"),
    "stat": ("stat", "lstat", "newfstatat", "statx", "stat64", "lstat64", "fstatat64"),
    "access": ("access", "faccessat", "faccessat2"),
    "readlink": ("readlink", "readlinkat"),
}
_KIND = {name: kind for kind, names in _KINDS.items() for name in names}
KINDS = (*_KINDS, "other")
_FORKS = ("clone", "clone3", "fork", "vfork")
_READS = ("read", "pread64", "readv", "preadv", "preadv2")
_LISTINGS = ("getdents", "getdents64")
# Of %process, apart from execve: they name no file.
_NO_PATH = (*_FORKS, *_READS, "fchdir", "wait4", "waitid", "exit", "exit_group", "kill", "tgkill")


@dataclass(frozen=True)
class PathCall:
    """One path system call: its kind, the absolute path, and all of it."""

    kind: str
    path: str
    text: str

    @property
    def off_node(self) -> bool:
        """Whether it may ask a shared file system."""
        return not is_node_local(self.path)


@dataclass
class Counts:
    """The calls of a command and of all that it started.

    Attributes
    ----------
    paths
        Each path system call.
    listings
        Each getdents call, as strace tells it.
    getcwd
        How often the working directory was asked for.
    opens
        Files and folders that were opened.
    bytes_read
        By read calls on files that are not node-local; pages of mapped files
        are not among them.
    processes, threads
        How many it started.
    """

    paths: list[PathCall] = field(default_factory=list)
    listings: list[str] = field(default_factory=list)
    getcwd: int = 0
    opens: int = 0
    bytes_read: int = 0
    processes: int = 0
    threads: int = 0

    @property
    def off_node(self) -> list[PathCall]:
        """The path system calls that may ask a shared file system."""
        return [call for call in self.paths if call.off_node]

    def summary(self) -> dict[str, object]:
        """Return the numbers alone."""
        kinds = Counter(call.kind for call in self.paths)
        return {
            "path_calls": len(self.paths),
            "off_node": len(self.off_node),
            "getdents": len(self.listings),
            "kinds": {kind: kinds[kind] for kind in KINDS},
            "getcwd": self.getcwd,
            "opens": self.opens,
            "bytes_read": self.bytes_read,
            "processes": self.processes,
            "threads": self.threads,
        }


def count(lines: Iterable[str], program: str, *, cwd: str = "/", root: str = "/") -> Counts:
    """Count the calls of one command from its execve on.

    Parameters
    ----------
    lines
        strace's output; what starts the command may be in it, too.
    program
        The path that the command's execve names, as in the trace.
    cwd
        Its working directory.
    root
        The folder that is its ``/``: strace names descriptors from outside.

    Raises
    ------
    TraceError
        When the command was never started.
    """
    found = list(calls(lines))
    first = next((i for i, one in enumerate(found) if _starts(one, program)), None)
    if first is None:
        raise TraceError(f"{program} was never started under strace")
    return _Counter(root, cwd).count(found[first].pid, found[first:])


def _starts(call: Call, program: str) -> bool:
    return call.name == "execve" and call.value == 0 and string(call.arguments[0]) == program


class _Counter:
    """Follows working directories and processes through a trace."""

    def __init__(self, root: str, cwd: str) -> None:
        self.root = root
        self.cwd = cwd
        self.counts = Counts()
        self.folders: dict[int, str] = {}

    def count(self, pid: int, found: Sequence[Call]) -> Counts:
        self.folders = dict.fromkeys(_family(pid, found), self.cwd)
        for call in found:
            if call.pid in self.folders:
                self._add(call)
        return self.counts

    def _add(self, call: Call) -> None:
        if call.name in _FORKS:
            self._add_child(call)
        elif call.name in _LISTINGS:
            self.counts.listings.append(call.text)
        elif call.name in _READS:
            path = self._inside(descriptor_path(call.arguments[0]))
            if path and not is_node_local(path):
                self.counts.bytes_read += max(call.value or 0, 0)
        elif call.name == "fchdir":
            folder = self._inside(descriptor_path(call.arguments[0]))
            self.folders[call.pid] = folder or self.folders[call.pid]
        elif call.name not in _NO_PATH:
            self._add_path(call)

    def _add_child(self, call: Call) -> None:
        if not call.value or call.value < 0:
            return
        if "CLONE_THREAD" in call.text:
            self.counts.threads += 1
        else:
            self.counts.processes += 1
        self.folders[call.value] = self.folders[call.pid]

    def _add_path(self, call: Call) -> None:
        named = self._path(call)
        if named is None:
            return
        if call.name in ("chdir", "getcwd") and not call.error:
            self.folders[call.pid] = named
        if call.name == "getcwd":
            self.counts.getcwd += 1
            return
        kind = _KIND.get(call.name, "other")
        self.counts.paths.append(PathCall(kind, named, call.text))
        if kind == "open" and not call.error:
            self.counts.opens += 1

    def _path(self, call: Call) -> str | None:
        for index, argument in enumerate(call.arguments):
            path = string(argument)
            if path is None:
                continue
            if not path:
                return None
            before = call.arguments[index - 1] if index else ""
            folder = self._inside(descriptor_path(before)) or self.folders[call.pid]
            return posixpath.join(folder, path)
        return None

    def _inside(self, path: str | None) -> str | None:
        if path is None or self.root == "/" or not is_below(path, self.root):
            return path
        return path[len(self.root.rstrip("/")) :] or "/"


def _family(pid: int, found: Sequence[Call]) -> set[int]:
    # A child's first calls may stand before the end of its parent's clone.
    children: dict[int, list[int]] = {}
    for call in found:
        if call.name in _FORKS and call.value and call.value > 0:
            children.setdefault(call.pid, []).append(call.value)
    family, new = {pid}, [pid]
    while new:
        new = [child for one in new for child in children.get(one, []) if child not in family]
        family.update(new)
    return family
