"""Computing while the halo is under way (MPI)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from workloads.exercise.halos import strip, wrong_halo
from workloads.exercise.judging import missing, note, noted, watched, world
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat mpi-overlap",
    function="step",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    second="as_they_come",
)
# How long a neighbour that comes late waits for rows that others can compute without it.
_LATE_SECONDS = 10.0
# By what else a halo could be started, or would be exchanged at once.
_OTHERS = ("Recv_init", "irecv", "Sendrecv", "Recv")
_SENDS = {"Isend", "Issend", "Ibsend", "Irsend"}
_TOO_LATE = {
    "inner": "the inner rows were computed after the wait: nothing overlaps",
    "outer": "an outer row waited for the other side's halo: Waitany takes whichever is there",
}


def judge(module: Any) -> str:
    comm = world()
    return _wrong(module.step, comm, "inner", [*range(1, comm.size, 2)])


def judge_second(module: Any) -> str:
    comm = world()
    # Each rank between has one neighbour that comes late, be it above or below.
    return _wrong(module.as_they_come, comm, "outer", [0, comm.size - 1][: comm.size - 1])


def _wrong(step: Callable[..., object], comm: Any, word: str, late: Sequence[int]) -> str:
    """Judge a step whose rows, the inner or the outer ones, are due before some ranks send."""
    used, faults, done, sent = set[str](), list[str](), list[int](), list[Any]()
    given, (plate, block, up, down) = watched(comm, used, sent), strip(comm)
    rows = len(block) - 2

    def fault(first: int, last: int, *, is_outer: bool) -> str:
        if not is_outer and not ("Irecv" in used and used & _SENDS):
            return _otherwise(used) or "the inner rows were computed before the halo was started"
        if is_outer and min(last, rows) > max(first, 2):
            return "inner rows were computed together with an outer one: nothing overlaps"
        wrong = is_outer and wrong_halo(comm, plate, block, (first <= 1, last > rows))
        return f"an outer row was computed before its halo had come: {wrong}" if wrong else ""

    def compute(first: int, last: int) -> None:
        is_outer = first <= 1 or last > rows
        faults.append(fault(first, last, is_outer=is_outer))
        kind, is_first = ("outer" if is_outer else "inner"), not {1, rows}.intersection(done)
        done.extend(range(first, last))
        # A rank that comes late itself finds its neighbours' rows there.
        if kind == word and is_first and comm.rank not in late and noted(f"{word}-late"):
            barrier = f"{word} rows waited in a barrier for ranks that come late: leave it out"
            faults.append(barrier if used & {"Barrier", "barrier"} else _TOO_LATE[word])
        if kind == word:
            note(f"{word}-due")

    comm.Barrier()
    if comm.rank in late:
        _come_late(word, comm.size - len(late))
    step(given, block, up, down, rows, compute)
    # One rank alone has no halo, and may send nothing.
    told = faults if comm.size > 1 or used & {"Irecv", *_OTHERS} else []
    if wrong := next(filter(None, told), ""):
        return wrong
    if sorted(done) != [*range(1, rows + 1)]:
        return f"rank {comm.rank} computed the rows {sorted(done)}, not each of 1 to {rows} once"
    return missing(comm, used, "Irecv") or wrong_halo(comm, plate, block) or _waits_not(comm, sent)


def _waits_not(comm: Any, sent: Sequence[Any]) -> str:
    """Say that a rank has sent what it has not waited for."""
    # A request that has been waited for is none any more.
    if any(sent):
        return f"rank {comm.rank} waits for what comes, and not for what it has sent by Isend"
    return ""


def _otherwise(used: set[str]) -> str:
    """Say by which other call the halo was started, or exchanged at once."""
    other = next((each for each in _OTHERS if each in used), "")
    return f"the halo comes by comm.{other}: start it by comm.Irecv and comm.Isend" if other else ""


def _come_late(word: str, others: int) -> None:
    """Send when so many ranks have computed such rows, as without this one's they can."""
    end = time.monotonic() + _LATE_SECONDS
    while len({process for process, _ in noted(f"{word}-due")}) < others:
        if time.monotonic() > end:
            note(f"{word}-late")
            return
        time.sleep(0.01)
