"""A file that rank 0 alone opens, and shares out by one call (MPI)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from workloads.exercise.judging import MESSAGES, difference, missing, watched
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="usc 38",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
The .npy file at path has `count` doubles for each rank. Every rank calls compute, and returns
its own: the first ones on rank 0, the next ones on rank 1, and so on.

If each of 10,000 ranks opens the file, they ask the file system 10,000 times: no node has it
in its cache yet. So let rank 0 open it, once. comm.Scatter(numbers, part) shares out without
pickling: `part` is a rank's buffer for doubles; `numbers` is None on all ranks but 0.
""",
    given='''
import numpy as np


def compute(comm, path, count):
    """Return this rank's numbers."""
    raise NotImplementedError("read them on rank 0, make a buffer on each rank, call Scatter")
''',
    solution="""
    numbers = np.load(path) if comm.rank == 0 else None
    part = np.empty(count)
    comm.Scatter(numbers, part)
    return part
""",
    hint="np.empty(count) is the buffer. Every rank calls Scatter, and rank 0 gets a part, too.",
)


def judge(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    comm, used, opened, count = MPI.COMM_WORLD, set[str](), 0, 3
    path = Path(tempfile.gettempdir()) / "numbers.npy"
    numbers = np.sqrt(np.arange(comm.size * count))
    if comm.rank == 0:
        np.save(path, numbers)
    comm.Barrier()

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal opened
        opened += event == "open" and str(args[0]) == str(path)

    sys.addaudithook(audit)
    try:
        answer = module.compute(watched(comm, used), str(path), count)
    except MPI.Exception as error:
        if error.Get_error_class() == MPI.ERR_TRUNCATE:
            return f"the buffer is too small for {count} doubles of 8 bytes"
        raise
    # np.load itself opens a file three times with mmap_mode.
    if opened > (3 if comm.rank == 0 else 0):
        return f"rank {comm.rank} opened the file: rank 0 alone is to open it, and once"
    call = "Scatterv" if "Scatterv" in used else "Scatter"  # with equal shares both are right
    reason = "every rank gets its share by this one call"
    if used & {"bcast", "Bcast"}:
        reason = "bcast sends all numbers to every rank"
    elif "scatter" in used:
        reason = "scatter pickles"
    elif used & MESSAGES:
        reason = "a loop of messages does what one call can"
    part = numbers[comm.rank * count :][:count]
    return missing(comm, used, call, reason) or difference(answer, part)
