"""Run a launch's script: its stderr, and the signals that stop it."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from hpcpy.launch.controller import Controller, Job
from hpcpy.launch.shell import UNFINISHED

# Bytes of stderr's end that are kept to explain a failure.
_TAIL = 64 << 10
# Seconds after a stop: first for ranks to tidy up, then for srun to end them.
GRACE = 10.0
# srun 22.05 waits for a dead node's ranks until it gets a signal, and is not always told of the
# node.  So Slurm is asked now and then whether the job is over, and srun is ended after two such
# answers in a row.
ASK_SECONDS = 30.0
_NODE_FAILURE = re.compile(
    rb"(?m)^(?:(?:srun|salloc): error: Node failure on "
    rb"|slurmstepd\S*: error: .* DUE TO NODE FAILURE)"
)
# Seconds until Slurm is asked first, to know the job's nodes before one of them dies.
FIRST_SECONDS = 5.0
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@dataclass(frozen=True)
class Ended:
    """How a script ended; `lost` is why a part of its standard output was not taken."""

    code: int
    stderr: str
    job: Job
    lost: OSError | None
    stopped_by: signal.Signals | None = None
    is_unfinished: bool = False  # Whether it returned 0 before its end


def run(script: str, controller: Controller) -> Ended:
    """Run a bash script to its end, pass its output on, and return 128 plus a signal's number."""
    # What stops this (`_STOPS`) is passed on once, as SIGINT: srun hands that to the ranks, which
    # tidy up.  SIGTERM, at which srun ends them at once, follows `GRACE` seconds later, or if the
    # job is over; the code is then not 0.
    tail = bytearray()
    lost: list[OSError] = []
    # A file without a name: a word may have 128 KiB, less than a list of many files.
    with _Stops() as stops, os.fdopen(os.memfd_create("hpcpy"), "wb") as file:
        unfinished = os.memfd_create("hpcpy")
        file.write(os.fsencode(script))
        file.flush()
        process = subprocess.Popen(
            ["bash", "-p", f"/dev/fd/{file.fileno()}"],  # it takes no SHELLOPTS
            env={**controller.environment, UNFINISHED: f"/proc/{os.getpid()}/fd/{unfinished}"},
            pass_fds=[file.fileno()],
            stdin=subprocess.DEVNULL,
            # srun would end with 0 though nothing takes its output.
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # Ctrl-C at a terminal reaches this process alone, which passes it on.
            start_new_session=True,
        )
        stops.pass_on_to(process)
        waits = threading.Event()  # for more output, not for who takes it
        errors = _in_thread(_pass_on, process.stderr, tail)
        output = _in_thread(_pass_output, process.stdout, lost, waits)
        job = Job(process.pid, controller)
        has_ended = threading.Event()
        _in_thread(_watch, job, stops, has_ended)
        code = process.wait()
        has_ended.set()
        is_unfinished = code == 0 and os.fstat(unfinished).st_size > 0
        os.close(unfinished)
    # A process that is left may hold a stream open; who reads slowly gets all.
    for reader in (errors, output):
        reader.join(timeout=GRACE)
    while output.is_alive() and not waits.is_set():
        output.join(timeout=GRACE)
    if stops.first is None and (stops.has_failed or _NODE_FAILURE.search(tail)):
        # srun may exit with 0 after a signal has ended it.
        code = code or 1
        if b"Node failure on" not in tail and (down := ",".join(job.down_nodes())):
            tail += f"\nsrun: error: Node failure on {down}\n".encode()
    return Ended(
        code=code if code >= 0 else 128 - code,
        stderr=tail.decode(errors="replace"),
        job=job,
        lost=lost[0] if lost else None,
        stopped_by=stops.first,
        is_unfinished=is_unfinished,
    )


def _in_thread(work: Callable[..., None], *words: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=words, daemon=True)
    thread.start()
    return thread


def _pass_output(stream: IO[bytes], lost: list[OSError], waits: threading.Event) -> None:
    for piece in iter(lambda: os.read(stream.fileno(), 1 << 16), b""):
        waits.clear()
        left = b"" if lost else piece
        while left:
            try:
                left = left[os.write(1, left) :]
            except BlockingIOError:
                select.select((), (1,), ())
            except OSError as error:
                # The job goes on: what it writes elsewhere is not lost.
                lost.append(error)
                break
        waits.set()


def _pass_on(stream: IO[bytes], tail: bytearray) -> None:
    for piece in iter(lambda: os.read(stream.fileno(), 1 << 16), b""):
        sys.stderr.buffer.write(piece)
        sys.stderr.buffer.flush()
        tail += piece
        del tail[:-_TAIL]


def _watch(job: Job, stops: _Stops, has_ended: threading.Event) -> None:
    times = 0
    seconds = FIRST_SECONDS
    while not has_ended.wait(seconds):
        seconds = ASK_SECONDS
        times = times + 1 if job.is_over() else 0
        if times == 2:
            stops.has_failed = True
            stops.end()


class _Stops:
    """Handlers of the signals that stop a process, set before it starts."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self.has_failed = False
        self._process: subprocess.Popen[bytes] | None = None
        self._before = {number: signal.getsignal(number) for number in _STOPS}
        # Reentrant: a signal handler may interrupt the thread that holds the lock.
        self._changed = threading.Condition(threading.RLock())
        self._deadline: float | None = None
        self._is_over = False

    def __enter__(self) -> Self:
        # Until the script runs also of what is ignored, by nohup or a script's `&`: it would
        # inherit that.
        for number in _STOPS:
            signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_on_to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number, before in self._before.items():
            if before == signal.SIG_IGN:
                signal.signal(number, before)
        if self.first:
            self._send(signal.SIGINT)
        # A thread, not a timer: the kernel may deliver a timer's signal to another thread,
        # while the main thread, where Python's handlers run, sleeps on.
        _in_thread(self._end_what_stays, process)

    def _stop(self, number: int, _: object) -> None:
        if self.first is None and self._before[signal.Signals(number)] != signal.SIG_IGN:
            self.first = signal.Signals(number)
            self._send(signal.SIGINT)
            self.end()

    def end(self) -> None:
        """End what still runs after `GRACE` seconds."""
        with self._changed:
            self._deadline = self._deadline or time.monotonic() + GRACE
            self._changed.notify_all()

    def _end_what_stays(self, process: subprocess.Popen[bytes]) -> None:
        """Send all of its session SIGTERM at the deadline, and again every `GRACE` seconds."""
        while self._is_overdue():
            for file in Path("/proc").glob("[0-9]*/stat"):
                with suppress(OSError):  # it has just ended
                    if file.read_text().rpartition(")")[2].split()[3] == str(process.pid):
                        os.kill(int(file.parent.name), signal.SIGTERM)

    def _is_overdue(self) -> bool:
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


def _group_to_stop(leader: int) -> int:
    """Return the process group that a stop is for."""
    # When salloc is stopped, it gives the job back while its shell runs on, and Slurm kills
    # ranks that still tidy up.  So its shell's group, a separate one, is stopped.
    with suppress(OSError):
        process = Path("/proc", str(leader))
        children = (process / "task" / str(leader) / "children").read_text().split()
        if children and (process / "comm").read_text() == "salloc\n":
            return os.getpgid(int(children[0]))
    return leader
