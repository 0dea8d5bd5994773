"""Send and Recv in an order in which no rank waits for ever (MPI)."""

from __future__ import annotations

import time
from typing import Any

from hpcpy_common.errors import WorkloadError
from workloads.exercise.halos import strip, wrong_halo
from workloads.exercise.judging import common_numbers, missing, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-send", "exchange", "around")
# Many times what a busy machine takes for a message.
_SECONDS = 15.0


def judge(module: Any) -> str:
    comm, used = world(), set[str]()
    plate, block, up, down = strip(comm)
    module.exchange(_long_messages(watched(comm, used)), block, up, down)
    for call in "Send", "Recv":
        if wrong := missing(comm, used, call, "this exercise is about their order"):
            return wrong
    return wrong_halo(comm, plate, block)


def _long_messages(comm: Any) -> Any:
    """Return a communicator whose Send waits for its Recv, as with a message of megabytes."""

    class Long(type(comm)):  # type: ignore[misc]
        def Send(self, buf: Any, dest: int, tag: int = 0) -> None:  # noqa: N802  (MPI's name)
            request, end = self.Issend(buf, dest, tag), time.monotonic() + _SECONDS
            while not request.Test():
                if time.monotonic() > end:
                    raise WorkloadError(
                        f"rank {self.rank} waits for ever in Send: rank {dest} does not receive"
                    )
                time.sleep(0.001)

    return Long(comm)


def judge_second(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    everybody, used = world(), set[str]()
    # All of them first: then those that are left out have been asked, too.
    for size in range(everybody.size, everybody.size // 2, -1):
        comm = everybody.Split(0 if everybody.rank < size else MPI.UNDEFINED, everybody.rank)
        if comm == MPI.COMM_NULL:
            continue
        rows, other = common_numbers(comm).random((size, 5)), np.zeros(5)
        row = rows[comm.rank].copy()
        module.around(_long_messages(watched(comm, used)), row, other)
        if wrong := missing(comm, used, "Send", "this exercise is about its order"):
            return wrong
        if (other != rows[comm.rank - 1]).any() or (row != rows[comm.rank]).any():
            return f"of {size} ranks rank {comm.rank} does not have the row of the rank before"
    return ""
