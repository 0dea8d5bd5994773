"""MPI ranks, each of which writes some of the npy files: numbers travel, not arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.definition import shares
from workloads.write.numpy_ import Field, save

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series


def chunks(series: Series, folder: Path, workers: Workers) -> str:
    """Send and Recv: rank 0 sends each rank its numbers in one message."""
    comm, field = workers.comm, Field(series)
    # Every rank computes how many numbers it gets; the talk's n is a multiple of the ranks.
    parts = [np.array(part, np.intc) for part in shares(series.n, comm.size)]
    mine = np.empty_like(parts[comm.rank])
    if comm.rank == 0:
        for rank, part in enumerate(parts[1:], start=1):
            comm.Send(part, dest=rank)
        mine = parts[0]
    else:
        comm.Recv(mine, source=0)
    for t in mine.tolist():
        save(folder, t, field.array(t))
    return ""


def scatter(series: Series, folder: Path, workers: Workers) -> str:
    """Scatter: each rank gets its arrays' numbers at once."""
    comm, field = workers.comm, Field(series)
    # The lower-case scatter: its parts are objects and may differ in length, so n
    # need not be a multiple of the ranks.
    mine = comm.scatter(shares(series.n, comm.size) if comm.rank == 0 else None)
    for t in mine:
        save(folder, t, field.array(t))
    return ""
