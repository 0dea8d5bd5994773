"""Blocks of unequal rows, gathered without pickling (MPI)."""

from __future__ import annotations

from typing import Any

from hpcpy_common.errors import HpcpyError
from workloads.exercise.judging import MESSAGES, gathered, missing, on_first, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("nih 11")


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used = world(), set[str]()
    first = [rank * (rank + 5) // 2 for rank in range(comm.size + 1)]
    want = np.arange(first[-1] * 5.0).reshape(-1, 5)
    mine = want[first[comm.rank] : first[comm.rank + 1]]
    try:
        with gathered(comm):
            answer = module.compute(_typed(watched(comm, used)), mine)
    except MPI.Exception as error:
        if "Gatherv" in used and error.Get_error_class() == MPI.ERR_TRUNCATE:
            return "Gatherv: message truncated: its counts count elements, not rows"
        if "Gather" not in used or "Gatherv" in used:
            raise
        answer = None
    return missing(comm, used, "Gatherv", _reason(used)) or on_first(comm, answer, want)


def _typed(comm: Any) -> Any:
    """Return the communicator; its Gatherv refuses a buffer of another type than the rows."""
    import numpy as np

    def gatherv(sendbuf: Any, recvbuf: Any, root: int = 0) -> Any:
        buffer = recvbuf[0] if isinstance(recvbuf, (tuple, list)) else recvbuf
        if isinstance(buffer, np.ndarray) and buffer.dtype != np.float64:
            raise HpcpyError(f"the buffer is of {buffer.dtype}, but the rows of float64")
        return type(comm).Gatherv(comm, sendbuf, recvbuf, root)

    comm.Gatherv = gatherv
    return comm


def _reason(used: set[str]) -> str:
    """Say why what a rank has called instead does not do."""
    if "Gather" in used:
        return "Gather needs blocks of one size"
    if "Igatherv" in used:
        return "Igatherv only begins to gather; Gatherv comes back when the blocks are there"
    if all_ranks := used & {"allgather", "Allgather", "Allgatherv"}:
        return f"{min(all_ranks)} sends all rows to every rank"
    if used & MESSAGES:
        return "a loop of messages does what one call can"
    return "every rank must; gather would pickle the blocks"
