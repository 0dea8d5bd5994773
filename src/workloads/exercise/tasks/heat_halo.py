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
    wrong = missing(comm, used, "Sendrecv", "it has no order to get wrong")
    return wrong or wrong_halo(comm, plate, block)


def judge_second(module: Any) -> str:
    comm, used = world(), set[str]()
    plate, rows, left, right = strip(comm)
    block = rows.T.copy()
    module.columns(watched(comm, used), block, left, right)
    if "Sendrecv_replace" in used:  # it has no order either
        used.add("Sendrecv")
    wrong = missing(comm, used, "Sendrecv", "it has no order to get wrong")
    return wrong or wrong_halo(comm, plate, block.T).replace("row", "column")
