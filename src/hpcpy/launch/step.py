"""Run a launch's script: its stderr, and the signals that stop it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, Self

from hpcpy.launch.job import Job

# What is kept of stderr to find out what happened.
_TAIL = 64 << 10
# Of a stop: how long ranks have to tidy up, then srun to end them.
GRACE = 10.0
# Slurm tells srun of a dead node, and ends the other nodes' ranks; but srun 22.05
# then waits for those of the dead one until it is told to end.  Its own word is
# not sure to come: slurmstepd on a node that lives tells it, too; and when a rank
# has died in whatever way, srun says that it ends the others, for which it gives
# them KillWait's 30 s.  In 1 of 4 launches none of this came: so Slurm is asked,
# each half minute, whether the job is over, and twice before srun is ended.
_NODE_FAILURE = re.compile(
    rb"(?:srun|salloc): error: Node failure on |slurmstepd\S*: error: .* DUE TO NODE FAILURE"
)
_STEP_ENDS = re.compile(rb"srun: .*\bTerminating StepId=")
END_SECONDS = 60.0
ASK_SECONDS = 30.0
# When it is asked first, to know the job's nodes before one of them dies.
FIRST_SECONDS = 5.0
# How long it may take until Slurm tells the nodes of a job that has just failed.
NAME_SECONDS = 30.0
# Of a line that matters; a progress bar's line may have no end.
_LINE = 1 << 10
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, the end of stderr, the signal that stopped it."""

    code: int
    stderr: str
    stopped_by: signal.Signals | None = None


def run(script: str, environment: Mapping[str, str]) -> Ended:
    """Run a script to its end, its stderr passed on as it comes.

    SIGINT, SIGTERM and SIGHUP are passed on once, as SIGINT: srun hands that to
    the ranks, which tidy up.  SIGTERM has it end them at once, and follows
    when there is no end after some seconds, as it does when a node has failed.

    Parameters
    ----------
    script
        For bash.
    environment
        All its variables.

    Returns
    -------
    Ended
        The code is 128 and more for a signal.
    """
    tail = bytearray()
    with _Stops() as stops:
        process = subprocess.Popen(
            ["bash", "-c", script],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Ctrl-C at a terminal reaches this process alone, which passes it on.
            start_new_session=True,
        )
        stops.pass_on_to(process)
        assert process.stderr is not None  # noqa: S101  (PIPE)
        words = (process.stderr, tail, stops)
        reader = threading.Thread(target=_pass_on, args=words, daemon=True)
        reader.start()
        job = Job(process.pid, environment)
        has_ended = threading.Event()
        threading.Thread(target=_watch, args=(job, stops, has_ended), daemon=True).start()
        code = process.wait()
        has_ended.set()
    reader.join(timeout=GRACE)
    if stops.has_failed:
        # srun that was told to end may call that a success.
        code = code or 1
        if stops.first is None:
            tail += _named(job, bytes(tail))
    return Ended(
        code=code if code >= 0 else 128 - code,
        stderr=tail.decode(errors="replace"),
        stopped_by=stops.first,
    )


def _pass_on(stream: IO[bytes], tail: bytearray, stops: _Stops) -> None:
    line = b""
    for piece in iter(lambda: os.read(stream.fileno(), 1 << 16), b""):
        sys.stderr.buffer.write(piece)
        sys.stderr.buffer.flush()
        tail += piece
        del tail[:-_TAIL]
        *lines, line = (line + piece).split(b"\n")
        line = line[-_LINE:]
        if any(map(_NODE_FAILURE.match, lines)):
            stops.has_failed = True
            stops.insist()
        elif any(map(_STEP_ENDS.match, lines)):
            stops.has_failed = True
            stops.insist(END_SECONDS)


def _watch(job: Job, stops: _Stops, has_ended: threading.Event) -> None:
    times = 0
    seconds = FIRST_SECONDS
    while not has_ended.wait(seconds):
        seconds = ASK_SECONDS
        times = times + 1 if job.is_over() else 0
        if times == 2:
            stops.has_failed = True
            stops.insist()


def _named(job: Job, stderr: bytes) -> bytes:
    """Return srun's word of the job's dead nodes, where it has not said it itself."""
    if b"Node failure on" in stderr:
        return b""
    end = time.monotonic() + (NAME_SECONDS if b"NODE FAILURE" in stderr else 0)
    while not (down := ",".join(job.down_nodes())) and time.monotonic() < end:
        time.sleep(1)
    return f"\nsrun: error: Node failure on {down}\n".encode() if down else b""


class _Stops:
    """Signals that are to stop a process, from before it starts."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.has_failed = False
        self._process: subprocess.Popen[bytes] | None = None
        # Its lock may be taken again by a handler that interrupts who holds it.
        self._changed = threading.Condition(threading.RLock())
        self._deadline: float | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._stop) for number in _STOPS}
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_on_to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        if self.first:
            self._send(signal.SIGINT)
        # No timer's signal: the kernel may hand that to a thread that waits for something
        # else, and the main thread, where Python's handlers run, sleeps on.
        threading.Thread(target=self._end_what_stays, args=(process,), daemon=True).start()

    def _stop(self, number: int, _: object) -> None:
        if self.first is None:
            self.first = signal.Signals(number)
            self._send(signal.SIGINT)
            self.insist()

    def insist(self, seconds: float | None = None) -> None:
        """Have what still runs after some seconds end at once; the sooner time holds."""
        with self._changed:
            deadline = time.monotonic() + (GRACE if seconds is None else seconds)
            if self._deadline is None or deadline < self._deadline:
                self._deadline = deadline
                self._changed.notify_all()

    def _end_what_stays(self, process: subprocess.Popen[bytes]) -> None:
        """End all of its session when the time has come, and again after some seconds."""
        while self._has_come():
            for one in _processes():
                if one.session == process.pid:
                    with suppress(ProcessLookupError, PermissionError):
                        os.kill(one.number, signal.SIGTERM)

    def _has_come(self) -> bool:
        with self._changed:
            while not self._is_over:
                left = None if self._deadline is None else self._deadline - time.monotonic()
                if left is not None and left <= 0:
                    self._deadline = time.monotonic() + GRACE
                    return True
                self._changed.wait(left)
        return False

    def _send(self, number: int) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(_group_to_stop(self._process.pid), number)


class _Process(NamedTuple):
    """Of a line in /proc: its number and name, its parent, group and session."""

    number: int
    name: str
    parent: int
    group: int
    session: int


def _processes() -> Iterator[_Process]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            # Its name, in brackets, may hold anything.
            text = (folder / "stat").read_text(errors="replace")
            words = text.rpartition(")")[2].split()
            name = text.partition("(")[2].rpartition(")")[0]
            yield _Process(int(folder.name), name, *map(int, words[1:4]))


def _group_to_stop(leader: int) -> int:
    """Return the process group that a stop is for.

    salloc, when it is stopped, gives the job back while its shell runs on: Slurm
    then kills ranks that still tidy up.  The shell is in a group of its own.
    """
    found = list(_processes())
    if any(one.number == leader and one.name == "salloc" for one in found):
        return next((one.group for one in found if one.parent == leader), leader)
    return leader
