"""The processes of a cluster: started in namespaces, found again by a mark; Slurm's own word."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.cluster.layout import CONTROLLER, Layout
from hpcpy.core.programs import captured
from hpcpy.core.stages import Stage, StageError
from hpcpy_common.errors import HpcpyError

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
    ours, theirs = socket.socketpair()
    with layout.log(node[0]).open("ab") as log, theirs:
        process = subprocess.Popen(
            [*_UNSHARE, "bash", _FIRST, *node],
            env=daemon_environment(layout),
            cwd="/",
            stdin=theirs.fileno(),
            stdout=theirs.fileno(),
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


START_SECONDS = 30.0
_ASK_SECONDS = 5.0
_TAIL_LINES = 15
_USABLE = ("idle", "allocated", "mixed", "completing")


def printed_by(layout: Layout, *command: str) -> str | None:
    """Return what a command of Slurm prints; None when it fails."""
    env = {**os.environ, "SLURM_CONF": str(layout.conf)}
    done = captured(command, env=env, seconds=_ASK_SECONDS)
    return done.stdout if done.returncode == 0 else None


def jobs(layout: Layout) -> list[str] | None:
    """Return the jobs that are not over on every node; None without an answer."""
    listed = printed_by(layout, "squeue", "--noheader", "--format=%i")
    return None if listed is None else listed.split()


def states(layout: Layout) -> dict[str, str]:
    """Return the state of each node; empty when the controller is silent."""
    # After a reboot there is a configuration, and nobody to ask.  Another user's
    # folder may be closed.
    try:
        if not (layout.conf.exists() and layout.socket.exists()):
            return {}
    except OSError:
        return {}
    listed = printed_by(layout, "sinfo", "--noheader", "--Node", "--format=%N %T")
    return dict(line.split() for line in (listed or "").splitlines())


def usable(layout: Layout, state_of: Mapping[str, str]) -> bool:
    """Tell whether every node takes jobs; ``down*`` and ``idle*`` do not."""
    return all(state_of.get(name) in _USABLE for name in layout.nodes)


def wait_until_usable(layout: Layout, machines: Sequence[Machine], current: Stage) -> None:
    """Wait until every node is there, or say which is not and why."""
    end = time.monotonic() + START_SECONDS
    while True:
        for machine in machines:
            if machine.process.poll() is not None:
                raise _failure(layout, machine.name, "has ended", current)
        state_of = states(layout)
        if usable(layout, state_of):
            return
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    name = next(
        (n for n in layout.nodes if state_of and state_of.get(n) not in _USABLE), CONTROLLER
    )
    what = f"is {state_of[name].upper()}" if name in state_of else "does not answer"
    raise _failure(layout, name, f"{what} after {START_SECONDS:.0f} s", current)


def _failure(layout: Layout, name: str, what: str, current: Stage) -> StageError:
    log = layout.log(name)
    tail = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
    with current.log.open("a") as stream:
        print(f"the end of {log}:", *tail, sep="\n", file=stream)
    return StageError(f"{name} {what}; its log: {log}")
