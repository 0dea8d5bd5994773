"""MPI: rank 0 deals out numbers; every rank computes and writes its own arrays' files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from mpi4py import MPI

from workloads.write.definition import Series, shares
from workloads.write.numpy_ import save


def mpi_chunks(series: Series, folder: Path, comm: MPI.Comm) -> None:
    """Send and Recv: rank 0 sends each rank its numbers in one message, and no arrays."""
    # Every rank computes how many numbers it gets; the talk's n is a multiple of the ranks.
    parts = [np.array(part, np.intc) for part in shares(series.n, comm.size)]
    mine = np.empty_like(parts[comm.rank])
    if comm.rank == 0:
        for rank in range(1, comm.size):
            comm.Send(parts[rank], dest=rank)
        mine = parts[0]
    else:
        comm.Recv(mine, source=0)
    save(series, folder, mine)


def mpi_scatter(series: Series, folder: Path, comm: MPI.Comm) -> None:
    """Scatter: each rank gets its numbers by one call of all; Scatterv's shares may differ."""
    counts = [len(part) for part in shares(series.n, comm.size)]
    mine = np.empty(counts[comm.rank], np.intc)
    comm.Scatterv([np.arange(series.n, dtype=np.intc), counts] if comm.rank == 0 else None, mine)
    save(series, folder, mine)


if __name__ == "__main__":
    mpi_scatter(Series(15, 100), Path.cwd(), MPI.COMM_WORLD)
