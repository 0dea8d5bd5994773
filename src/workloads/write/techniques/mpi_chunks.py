"""MPI, Send and Recv: rank 0 sends each rank its numbers in one message; npy files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.write.definition import shares
from workloads.write.field import Field
from workloads.write.npy_files import save
from workloads.write.reading import npy as read

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.parallel.workers import Workers
    from workloads.write.definition import Series

__all__ = ["compute", "read"]

_TAG = 77


def compute(series: Series, folder: Path, workers: Workers) -> str:
    """Write `series.n` files."""
    comm = workers.comm
    # Every rank computes how many numbers it gets; the talk's n is a multiple of the
    # ranks.
    parts = [np.array(part, np.intc) for part in shares(series.n, comm.size)]
    mine = np.empty_like(parts[comm.rank])
    if comm.rank == 0:
        for rank, part in enumerate(parts[1:], start=1):
            comm.Send(part, dest=rank, tag=_TAG)
        mine = parts[0]
    else:
        comm.Recv(mine, source=0, tag=_TAG)
    save(series, folder, mine.tolist(), Field(series))
    return ""
