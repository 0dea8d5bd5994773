"""MPI: by blocks, and cyclic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel import registry

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def block(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Give each rank one block of neighbouring rows, the split that comes to mind first.

    Scan computes where a rank's block begins, Gatherv collects blocks of different
    lengths. The rank with the interior of the set works long after the others are done.
    """
    from mpi4py import MPI  # noqa: PLC0415

    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    count = len(rows) // comm.size + (comm.rank < len(rows) % comm.size)
    # Scan gives a rank the sum over all ranks up to and with itself.
    end = np.empty(1, "i8")
    comm.Scan(np.array([count], "i8"), end)
    mine = registry.compute_rows(grid, rows[int(end[0]) - count : int(end[0])], kernel)
    counts = np.empty(comm.size, "i4") if comm.rank == 0 else None
    comm.Gather(np.array([count], "i4"), counts)
    # MPI-3 counts below 2³¹: so it counts rows, as a large image has more numbers.
    row = MPI.INT32_T.Create_contiguous(grid.width).Commit()
    # The blocks follow each other without gaps: no displacements are needed.
    comm.Gatherv([mine, count, row], None if counts is None else [out, (counts, None), row])
    row.Free()
    return f"{registry.kernel_name(kernel)} in each"


def cyclic(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Give row k to rank k mod n, so that all share the expensive region."""
    comm = workers.comm  # MPI.COMM_WORLD; --scale takes the first of its ranks
    mine = registry.compute_rows(grid, rows[comm.rank :: comm.size], kernel)
    if comm.rank != 0:
        comm.Send(mine, dest=0)
    else:
        out[:: comm.size] = mine
        for rank in range(1, comm.size):
            part = out[rank :: comm.size]
            block = np.empty(part.shape, part.dtype)
            comm.Recv(block, source=rank)
            part[:] = block
    return f"{registry.kernel_name(kernel)} in each"
