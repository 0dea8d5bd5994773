"""Blocks of unequal rows, gathered without pickling; checked on 1 and 4 ranks."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import missing, on_first, watched
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="nih 11",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
Every rank calls compute with its block of rows, `mine`, of shape (its rows, width). The
blocks are not equally high. Return all rows, those of rank 0 first, on rank 0, and None on
the other ranks.

comm.Gatherv(mine, (buffer, counts)) puts the blocks one after another into rank 0's buffer
without pickling. On the other ranks its second argument is None. comm.gather may tell
rank 0 the counts.
""",
    given='''
import numpy as np


def compute(comm, mine):
    """Return the blocks of all ranks, one below the other, on rank 0."""
    raise NotImplementedError("tell rank 0 the counts, make its buffer, and call Gatherv")
''',
    solution="""
    counts = comm.gather(mine.size)
    if comm.rank:
        return comm.Gatherv(mine, None)
    image = np.empty((sum(counts) // mine.shape[1], mine.shape[1]))
    comm.Gatherv(mine, (image, counts))
    return image
""",
    hint="MPI counts elements, not rows: mine.size. The default displacements fit.",
)


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    first = [rank * (rank + 5) // 2 for rank in range(comm.size + 1)]
    want = np.arange(first[-1] * 5.0).reshape(-1, 5)
    try:
        answer = module.compute(watched(comm, used), want[first[comm.rank] : first[comm.rank + 1]])
    except MPI.Exception as error:
        if "Gatherv" in used and error.Get_error_class() == MPI.ERR_TRUNCATE:
            return "Gatherv: message truncated: its counts count elements, not rows"
        if "Gather" not in used or "Gatherv" in used:
            raise
        answer = None
    reason = "Gather needs blocks of one size" if "Gather" in used else "gather pickles blocks"
    return missing(comm, used, "Gatherv", reason) or on_first(comm, answer, want)
