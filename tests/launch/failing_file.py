"""A file whose storage fails or stands still on command, mounted for one command alone."""

from __future__ import annotations

import errno
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from measure.fuse import Server

# Whoever has the descriptor keeps the requests waiting when nobody answers any more.
MOUNTED = """
mount -i -t fuse -o "$1" hpcpy "$2" || exit
device=$3
exec {device}>&-
exec "${@:4}"
"""
SECONDS = 300.0


@dataclass
class FailingStorage:
    """What fails, and what was read.

    Attributes
    ----------
    first
        The number of the first read that fails; none does for None.
    stalls
        Whether a read that would fail waits for `go_on` instead.
    reads, failed
        How many reads there were, and how many of them failed or waited.
    """

    first: int | None = None
    stalls: bool = False
    reads: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._answers = threading.Event()

    def take(self, _: int, /) -> None:
        with self._lock:
            number, self.reads = self.reads, self.reads + 1
            fails = self.first is not None and number >= self.first
            self.failed += fails
        if fails and not self.stalls:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        if fails:
            self._answers.wait()

    def go_on(self) -> None:
        self.first = None
        self._answers.set()


def begin(server: Server, folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a mount namespace of its own, in which the file system is mounted."""
    given = (server.options, str(folder), str(server.device))
    return subprocess.Popen(
        ["unshare", "--mount", "bash", "-c", MOUNTED, "bash", *given, *command],
        pass_fds=[server.device],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def skip_without_fuse() -> None:
    """Skip a test where no such file system can be mounted."""
    if os.geteuid() != 0:
        pytest.skip("only root has a file system of its own mounted below a container")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("there is no /dev/fuse")


def nothing_is_left(server: Server) -> None:
    """Assert that no mount, no loop device and no process has the file system any more."""
    server.thread.join(SECONDS)
    assert not server.thread.is_alive()
