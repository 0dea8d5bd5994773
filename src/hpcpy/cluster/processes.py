"""The processes of a cluster: started in namespaces, found again by a mark."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster.layout import Layout
from hpcpy.core.errors import HpcpyError
from hpcpy.core.stages import StageError

# In the environment of every daemon and of no job: no file has to be kept of their ids, so
# that none can be wrong after a kill.
MARK = "HPCPY_CLUSTER_OF"
_FIRST = Path(__file__).with_name("node.sh")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_UNSHARE = (
    *("unshare", "--mount", "--uts", "--ipc", "--net", "--pid"),
    *("--fork", "--kill-child", "--mount-proc", "--propagation", "slave", "--"),
)
_READY_SECONDS = 20.0
_END_SECONDS = 20.0


def daemon_environment(layout: Layout) -> dict[str, str]:
    """Return all the variables of a node's first process."""
    return {"PATH": _PATH, "LANG": "C.UTF-8", MARK: str(layout.folder)}


@dataclass(frozen=True)
class Machine:
    """A node that has been started: its first process, and a line to it."""

    name: str
    process: subprocess.Popen[bytes]
    line: socket.socket

    @property
    def first(self) -> int:
        """The process that is the first one on it."""
        outer = self.process.pid
        return int(Path(f"/proc/{outer}/task/{outer}/children").read_text().split()[0])

    def entering(self) -> list[str]:
        """Return the start of a command that runs on it."""
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid")
        return ["nsenter", f"--target={self.first}", *spaces, "--"]

    def go(self) -> None:
        """Let it go on, its network being there now, and hang up."""
        with self.line, contextlib.suppress(OSError):
            self.line.sendall(b"go\n")


def start(layout: Layout, node: Sequence[str]) -> Machine:
    """Start a node's first process, with the words of node.sh; it waits for its network then."""
    ours, its = socket.socketpair()
    with layout.log(node[0]).open("ab") as log, its:
        process = subprocess.Popen(
            [*_UNSHARE, "bash", _FIRST, *node],
            env=daemon_environment(layout),
            cwd="/",
            stdin=its.fileno(),
            stdout=its.fileno(),
            stderr=log,
            # Ctrl-C in the terminal is not meant for it.
            start_new_session=True,
        )
    ours.settimeout(_READY_SECONDS)
    try:
        ready = ours.recv(64).decode() == "ready\n"
    except TimeoutError:
        ready = False
    if not ready:
        ours.close()
        raise StageError(f"{node[0]} does not start; its log: {layout.log(node[0])}")
    return Machine(node[0], process, ours)


def marked(layout: Layout) -> Iterator[int]:
    """Yield the ids of a cluster's processes, those in the nodes included."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and _is_marked(int(folder.name), layout):
            yield int(folder.name)


def run_on(layout: Layout, program: str) -> bool:
    """Tell whether a cluster has a process of that program."""
    for process in marked(layout):
        # It may have ended.
        with contextlib.suppress(OSError):
            if Path(f"/proc/{process}/comm").read_text().strip() == program:
                return True
    return False


def _is_marked(process: int, layout: Layout) -> bool:
    mark = f"{MARK}={layout.folder}".encode()
    try:
        return mark in Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is another user's
        return False


def end_all(layout: Layout) -> None:
    """End all processes of a cluster, and wait until they are gone."""
    end = time.monotonic() + _END_SECONDS
    while left := list(marked(layout)):
        if time.monotonic() > end:
            raise HpcpyError(f"process {left[0]} of the local cluster does not end")
        for process in left:
            _kill(process, layout)
        time.sleep(0.02)


def _kill(process: int, layout: Layout) -> None:
    with contextlib.suppress(ProcessLookupError):
        handle = os.pidfd_open(process)
        try:
            # The id may be another's since it was read.
            if _is_marked(process, layout):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        finally:
            os.close(handle)
