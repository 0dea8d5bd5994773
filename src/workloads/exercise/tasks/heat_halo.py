"""A halo, filled by Sendrecv: which row goes where (MPI)."""

from __future__ import annotations

from typing import Any

from workloads.exercise.halos import strip, wrong_halo
from workloads.exercise.judging import missing, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-sendrecv", "exchange", "columns")


def judge(module: Any) -> str:
    comm, used = world(), set[str]()
    plate, block, up, down = strip(comm)
    module.exchange(watched(comm, used), block, up, down)
    return _wrong_call(comm, used) or wrong_halo(comm, plate, block)


def judge_second(module: Any) -> str:
    comm, used = world(), set[str]()
    plate, rows, left, right = strip(comm)
    block = rows.T.copy()
    module.columns(watched(comm, used), block, left, right)
    return _wrong_call(comm, used) or wrong_halo(comm, plate, block.T).replace("row", "column")


def _wrong_call(comm: Any, used: set[str]) -> str:
    """Say why what this rank has called would not do; that it has begun both at once would."""
    if "sendrecv" in used:
        return "sendrecv pickles the row, and returns None at an end: Sendrecv fills an array"
    if used & {"Isend", "Issend", "Send_init"} and not used & {"Send", "Ssend", "send"}:
        return ""
    return missing(comm, used, "Sendrecv", "it has no order to get wrong")
