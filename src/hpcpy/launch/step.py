"""Run a launch's script: signals, and one line about what went wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Self

# What is kept of stderr to find out what happened.
_TAIL = 64 << 10
# Of a stop: how long ranks have to tidy up, then srun to end them.
GRACE = 10.0
_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_TASK = re.compile(
    r"^srun: error: (?P<node>[^:\s]+): tasks? (?P<ranks>[0-9,\[\]-]+): (?P<what>.+)$"
)
_SCHEDULER = re.compile(
    r"^(?:srun|salloc|sbcast|slurmstepd|slurmd)[^:]*: (?:error: |fatal: )?(?P<what>.+)$"
)
_ENDED_BY_OTHERS = re.compile(r"Terminated|Killed by|Exited with exit code 143")
_KNOWN = (
    (re.compile(r"DUE TO TIME LIMIT"), "the job's time is over; ask for more: TIME=HH:MM:SS"),
    (re.compile(r"execve\(\): (\S+): No such file"), r"a node has no program \1"),
    (re.compile(r"Node failure on (\S+)"), r"node \1 has failed"),
    (
        re.compile(r"(?:Unable to allocate resources|Job submit/allocate failed): (.+)"),
        r"Slurm gives no job: \1",
    ),
    (
        re.compile(r"[Ii]nvalid MPI|Couldn't find.*mpi|MPI: [Cc]annot"),
        "Slurm has no such kind of MPI; srun --mpi=list names those it has: MPI=…",
    ),
    (
        re.compile(r"Unable to contact slurm controller|establish a configuration source"),
        "no Slurm controller answers; `make cluster` starts one on this machine",
    ),
)


def explained(stderr: str, code: int) -> str:
    """Return in one line why a step failed, from what it left on stderr.

    Parameters
    ----------
    stderr
        The end of it, ranks' and Slurm's lines as they came.
    code
        srun's exit code.
    """
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", stderr) if line.strip()]
    for pattern, meaning in _KNOWN:
        for line in lines:
            if found := pattern.search(line):
                return found.expand(meaning)
    deaths = [(number, found) for number, line in enumerate(lines) if (found := _TASK.match(line))]
    if deaths:
        # Those after it may have been ended by --kill-on-bad-exit.
        at, first = next(
            (one for one in deaths if not _ENDED_BY_OTHERS.search(one[1]["what"])), deaths[0]
        )
        said = _last_words(lines, at, first["ranks"])
        which = "rank" if first["ranks"].isdigit() else "ranks"
        where = f"{which} {first['ranks'].strip('[]')} on {first['node']}"
        return f"{where}: {first['what']}" + (f"; last on stderr: {said}" if said else "")
    said = next((f["what"] for line in reversed(lines) if (f := _SCHEDULER.match(line))), "")
    return said or (lines[-1].strip() if lines else f"exit code {code}")


def _last_words(lines: list[str], at: int, ranks: str) -> str:
    """Return the last line before the end of a rank: one that names it, or any."""
    spoken = [line for line in lines[:at] if not _SCHEDULER.match(line)] or [
        line for line in lines if not _SCHEDULER.match(line)
    ]
    own = re.compile(rf"\brank {re.escape(ranks)}\b")
    return next(
        (line for line in reversed(spoken) if own.search(line)), spoken[-1] if spoken else ""
    )


@dataclass(frozen=True)
class Ended:
    """How a script ended: its exit code, the end of stderr, the signal that stopped it."""

    code: int
    stderr: str
    stopped_by: signal.Signals | None = None


def run(script: str, environment: Mapping[str, str]) -> Ended:
    """Run a script to its end, its stderr passed on as it comes.

    SIGINT, SIGTERM and SIGHUP are passed on once, as SIGTERM: ranks then tidy
    up, where SIGINT would have srun kill them.  Without an end after some
    seconds a second signal follows, which srun takes for "at once".

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
        reader = threading.Thread(target=_pass_on, args=(process.stderr, tail), daemon=True)
        reader.start()
        code = process.wait()
    reader.join(timeout=GRACE)
    return Ended(
        code=code if code >= 0 else 128 - code,
        stderr=tail.decode(errors="replace"),
        stopped_by=stops.first,
    )


def _pass_on(stream: IO[bytes], tail: bytearray) -> None:
    for piece in iter(lambda: os.read(stream.fileno(), 1 << 16), b""):
        sys.stderr.buffer.write(piece)
        sys.stderr.buffer.flush()
        tail += piece
        del tail[:-_TAIL]


class _Stops:
    """Signals that are to stop a process, from before it starts."""

    def __init__(self) -> None:
        self.first: signal.Signals | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._stop) for number in _STOPS}
        self._before[signal.SIGALRM] = signal.signal(signal.SIGALRM, self._insist)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def pass_on_to(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        if self.first:
            self._send(signal.SIGTERM)

    def _stop(self, number: int, _: object) -> None:
        if self.first is None:
            self.first = signal.Signals(number)
            self._send(signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, GRACE, GRACE)

    def _insist(self, *_: object) -> None:
        self._send(signal.SIGINT)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
