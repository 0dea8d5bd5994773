"""What the program `strace` writes of a start, read: its calls, with threads and children.

strace writes a file for each thread. They are read as the tree that fork and clone made, so
that a child begins in its parent's folder, and counts if its parent does.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, replace
from pathlib import Path

from workloads.startup.calls import ON_DESCRIPTORS, Call

_STARTING = ("clone", "clone3", "fork", "vfork")
# Question marks: some architectures lack the call.
_TRACED = ("%file", "fchdir", *(f"?{name}" for name in (*_STARTING, *ON_DESCRIPTORS)))

_CALL = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+|\?)")
_CHILD = re.compile(r"^(?:clone3?|v?fork)\(.*= (\d+)$", re.MULTILINE)
# A thread that executes goes on as its process's first one, whose file has the end. That is
# no error, whatever strace takes it for (6.1: -1, errno 18446744073709551595).
_MOVED = re.compile(r"(execve.*) <pid changed to (\d+) ")
_RESUMED = "<... execve resumed>"
_DESCRIPTOR = re.compile(r"(?:AT_FDCWD|-?\d+)(?:<([^>]*)>)?(?:\(deleted\))?")
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def options(folder: str) -> list[str]:
    """Return what to write after `strace`, between it and a command; `folder` gets its files."""
    # Only the traced calls stop the program, and of texts only paths are written.
    which = ["-e", f"trace={','.join(_TRACED)}", "-e", "signal=none"]
    return ["-ff", "--seccomp-bpf", "-q", "-y", "-s", "0", *which, "-o", f"{folder}/log"]


def read(folder: Path, program: str = "") -> tuple[list[Call], dict[str, int]]:
    """Return the calls in strace's files, and how many processes and threads were started.

    With the path of a `program` they are those of each process that executes it, from then
    on. There are no calls if nothing was started.
    """
    paths = sorted(folder.glob("log.*"), key=lambda path: int(path.suffix[1:]))
    logs = {path.suffix[1:]: path.read_text(errors="replace") for path in paths}
    for log in list(logs.values()):
        for begun, first in _MOVED.findall(log):
            before, _, after = logs[first].partition(_RESUMED)
            logs[first] = f"{before}{begun}) = 0\n{after}"
    children = {child for log in logs.values() for child in _CHILD.findall(log)}
    reader = _Reader(logs, program)
    try:
        folder_now = str(Path.cwd())
    except FileNotFoundError:  # the program has removed it
        folder_now = "/"
    for thread in [thread for thread in logs if thread not in children]:
        reader.follow(thread, _Place(folder_now, "/"), is_counted=False)
    return reader.calls, reader.started


@dataclass
class _Place:
    """Where a process is: its folder, and its root as strace sees it."""

    folder: str
    root: str

    def of(self, descriptor: str) -> str:
        """Return the path of a descriptor within the root, nothing for pipes and sockets."""
        path = _plain(descriptor)
        return path.removeprefix(self.root.rstrip("/")) or "/" if path.startswith("/") else ""


class _Reader:
    def __init__(self, logs: dict[str, str], program: str) -> None:
        self._logs, self._program = dict(logs), program
        self.calls: list[Call] = []
        self.started = {"processes": 0, "threads": 0}

    def follow(self, thread: str, place: _Place, *, is_counted: bool) -> None:
        """Read a thread's calls, and those of all that it starts."""
        for call in filter(None, map(_CALL.match, self._logs.pop(thread, "").splitlines())):
            name, arguments, value = call[1], call[2], -1 if call[3] == "?" else int(call[3])
            path = _path(name, arguments, place)
            if name in _STARTING and value > 0:
                is_thread = "CLONE_THREAD" in arguments
                self.started["threads" if is_thread else "processes"] += is_counted
                # Threads share their folder.
                self.follow(call[3], place if is_thread else replace(place), is_counted=is_counted)
            elif name.startswith("execve") and value == 0 and self._program in ("", path):
                is_counted = True
            elif name in ("chdir", "fchdir") and value == 0:
                place.folder = path
            elif name == "chroot" and value == 0:
                place.root = posixpath.join(place.root, path.lstrip("/"))
            if is_counted and name != "fchdir" and (path or name in ON_DESCRIPTORS):
                self.calls.append(Call(name, path, value))


def _path(name: str, arguments: str, place: _Place) -> str:
    """Return the absolute path of a call, of its argument or its descriptor; or nothing."""
    # The kernel answers getcwd by itself, and does not look for the target of a link.
    if name == "getcwd":
        return ""
    if name.startswith("symlink"):
        arguments = _TEXT.sub("", arguments, count=1).removeprefix(", ")
    descriptor = _DESCRIPTOR.match(arguments)
    folder = place.of(descriptor[1] or "") if descriptor else ""
    if name in (*ON_DESCRIPTORS, "fchdir"):
        return folder
    text = _TEXT.match(arguments, len(descriptor[0]) + 2 if descriptor else 0)
    # An empty path stands for the descriptor itself.
    return posixpath.join(folder or place.folder, _plain(text[1])) if text and text[1] else ""


def _plain(text: str) -> str:
    """Return a text without strace's backslashes: those of C, bytes as octal numbers."""
    return os.fsdecode(text.encode().decode("unicode_escape").encode("latin-1"))
