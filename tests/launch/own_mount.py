"""A file system of the test's own, mounted for one command alone."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from measure.fuse import Server
from running import start

# Whoever has the descriptor keeps the requests waiting when nobody answers any more.
MOUNTED = """
mount -i -t fuse -o "$1" hpcpy "$2" || exit
device=$3
exec {device}>&-
exec "${@:4}"
"""
SECONDS = 300.0


def begin(server: Server, folder: Path, command: Sequence[str]) -> subprocess.Popen[str]:
    """Start a command in a mount namespace of its own, in which the file system is mounted."""
    given = (server.options, str(folder), str(server.device))
    words = ("unshare", "--mount", "bash", "-c", MOUNTED, "bash", *given, *command)
    return start(*words, pass_fds=[server.device], start_new_session=True)


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
