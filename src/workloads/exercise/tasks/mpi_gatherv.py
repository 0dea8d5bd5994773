"""Blocks of unequal rows, gathered without pickling (MPI)."""

from __future__ import annotations

from typing import Any

from hpcpy_common.errors import HpcpyError
from workloads.exercise.judging import gathered, missing, on_first, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("nih 11")


def judge(module: Any) -> str:
    import numpy as np

    comm, used = world(), set[str]()
    first = [rank * (rank + 5) // 2 for rank in range(comm.size + 1)]
    want = np.arange(first[-1] * 5.0).reshape(-1, 5)
    mine = want[first[comm.rank] : first[comm.rank + 1]]
    with gathered(comm):
        answer = module.compute(_checked(watched(comm, used), want), mine)
    reason = "every rank must; gather would pickle the blocks"
    if "Gather" in used:
        reason = "Gather needs blocks of one size"
    return missing(comm, used, "Gatherv", reason, "rows") or on_first(comm, answer, want)


def _checked(comm: Any, want: Any) -> Any:
    """Return the communicator; its Gatherv refuses what MPI would take for other numbers."""
    import numpy as np

    def gatherv(sendbuf: Any, recvbuf: Any, root: int = 0) -> Any:
        buffer, *counts = recvbuf if isinstance(recvbuf, (tuple, list)) else [recvbuf]
        if isinstance(buffer, np.ndarray) and buffer.dtype != want.dtype:
            raise HpcpyError(f"the buffer is of {buffer.dtype}, but the rows of {want.dtype}")
        # With a type of rows the counts are of rows.
        for unit, size in ("rows", len(want)), ("bytes", want.nbytes):
            if len(counts) == 1 and np.ndim(counts[0]) == 1 and sum(counts[0]) == size:
                raise HpcpyError(f"Gatherv's counts count elements, not {unit}: {want.size} in all")
        return type(comm).Gatherv(comm, sendbuf, recvbuf, root)

    comm.Gatherv = gatherv
    return comm
