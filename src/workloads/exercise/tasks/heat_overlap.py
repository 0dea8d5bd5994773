"""Computing while the halo is under way (MPI)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from workloads.exercise.halos import strip, wrong_halo
from workloads.exercise.judging import missing, note, noted, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-overlap", "step", "as_they_come")
# How long a neighbour that comes late waits for rows that others can compute without it.
_LATE_SECONDS = 10.0
# By what else a halo could be started, or would be exchanged at once.
_OTHERS = ("Recv_init", "irecv", "Sendrecv", "Recv", "Send", "send", "isend")
_SENDS = {"Isend", "Issend", "Ibsend", "Irsend"}
_TOO_LATE = {
    "inner": "the inner rows were computed after the wait: nothing overlaps",
    "outer": "an outer row waited for the other side's halo: Waitany takes whichever is there",
}


def judge(module: Any) -> str:
    comm = world()
    return _Watch(comm, "inner", [*range(1, comm.size, 2)]).judge(module.step)


def judge_second(module: Any) -> str:
    comm = world()
    # Each rank between has one neighbour that comes late, be it above or below.
    return _Watch(comm, "outer", [0, comm.size - 1][: comm.size - 1]).judge(module.as_they_come)


class _Watch:
    """A step whose rows of one part, the inner or the outer ones, are due before some ranks send.

    What is wrong with a call of `compute` is known when it comes, and said after the step.
    """

    def __init__(self, comm: Any, part: str, late: Sequence[int]) -> None:
        self.comm, self.part, self.late = comm, part, late
        self.used, self.sent = set[str](), list[Any]()
        self.plate, self.block, self.up, self.down = strip(comm)
        self.rows = len(self.block) - 2
        self.faults, self.done = list[str](), list[int]()

    def judge(self, step: Callable[..., object]) -> str:
        """Have the step done, and return what is wrong first."""
        comm, used, block, rows = self.comm, self.used, self.block, self.rows
        given = watched(comm, used, self.sent)
        comm.Barrier()
        if comm.rank in self.late:
            _come_late(self.part, comm.size - len(self.late))
        step(given, block, self.up, self.down, rows, self.compute)
        # One rank alone has no halo, and may send nothing.
        has_halo = comm.size > 1 or used & {"Irecv", *_OTHERS}
        if has_halo and (wrong := next(filter(None, self.faults), "")):
            return wrong
        if (done := sorted(self.done)) != [*range(1, rows + 1)]:
            return f"rank {comm.rank} computed the rows {done}, not each of 1 to {rows} once"
        if wrong := missing(comm, used, "Irecv") or wrong_halo(comm, self.plate, block):
            return wrong
        # A request that has been waited for is none any more.
        if any(self.sent):
            return f"rank {comm.rank} waits for what comes, and not for what it has sent by Isend"
        return ""

    def compute(self, first: int, last: int) -> None:
        """Stand for the computation of rows, from `first` to before `last`."""
        is_outer = first <= 1 or last > self.rows
        self.faults.append(self._outer(first, last) if is_outer else self._inner())
        is_first = not {1, self.rows}.intersection(self.done)
        self.done.extend(range(first, last))
        if self.part != ("outer" if is_outer else "inner"):
            return
        # A rank that comes late itself finds its neighbours' rows there.
        if is_first and self.comm.rank not in self.late and noted(f"{self.part}-late"):
            barrier = f"{self.part} rows waited in a barrier for ranks that come late: leave it out"
            has_barrier = self.used & {"Barrier", "barrier"}
            self.faults.append(barrier if has_barrier else _TOO_LATE[self.part])
        note(f"{self.part}-due")

    def _inner(self) -> str:
        """Say what is wrong when inner rows are computed."""
        if "Irecv" in self.used and self.used & _SENDS:
            return ""
        if call := next((each for each in _OTHERS if each in self.used), ""):
            return f"the halo is moved by comm.{call}: start it by comm.Irecv and comm.Isend"
        return "the inner rows were computed before the halo was started"

    def _outer(self, first: int, last: int) -> str:
        """Say what is wrong when an outer row is computed."""
        if min(last, self.rows) > max(first, 2):
            return "inner rows were computed together with an outer one: nothing overlaps"
        wrong = wrong_halo(self.comm, self.plate, self.block, (first <= 1, last > self.rows))
        return f"an outer row was computed before its halo had come: {wrong}" if wrong else ""


def _come_late(part: str, others: int) -> None:
    """Send when so many ranks have computed such rows, as without this one's they can."""
    end = time.monotonic() + _LATE_SECONDS
    while len({process for process, _ in noted(f"{part}-due")}) < others:
        if time.monotonic() > end:
            note(f"{part}-late")
            return
        time.sleep(0.01)
