"""A file that rank 0 alone opens, and shares out by one call (MPI)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from workloads.exercise.judging import difference, missing, on_rank, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("usc 38")


def judge(module: Any) -> str:
    import numpy as np

    comm, used, opened, count = world(), set[str](), 0, 3
    path = Path(tempfile.gettempdir()) / "numbers.npy"
    numbers = np.sqrt(np.arange(comm.size * count))
    if comm.rank == 0:
        np.save(path, numbers)
    comm.Barrier()

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal opened
        opened += event == "open" and str(args[0]) == str(path)

    sys.addaudithook(audit)
    answer = module.compute(watched(comm, used), str(path), count)
    # np.load itself opens a file three times with mmap_mode.
    if opened > (3 if comm.rank == 0 else 0):
        return f"rank {comm.rank} opened the file: rank 0 alone is to open it, and once"
    reason = "scatter pickles" if "scatter" in used else "it is one call for all"
    part = numbers[comm.rank * count :][:count]
    if wrong := missing(comm, used, "Scatter", reason, "numbers"):
        return wrong
    wrong = difference(answer, part)
    return wrong and on_rank(comm) + wrong
