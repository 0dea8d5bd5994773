"""MPI: one block of neighbouring rows a rank, the split that comes to mind first.

Scan computes where a rank's block begins, Gatherv collects blocks of different
lengths.  The rank with the interior of the set works long after the others are done.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.mandel import row_kernel
from workloads.mandel.blocks import share
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on rank 0 with every rank's rows."""
    comm = workers.comm
    count = share(len(rows), comm.size, comm.rank)
    first = _rows_before(comm, count)
    started = time.process_time()
    mine = row_kernel.rows(grid, rows[first : first + count])
    busy = time.process_time() - started
    _gather(comm, mine, out)
    return f"{row_kernel.told()} in each, {ranks.balance(workers, busy)}"


def _rows_before(comm: Any, count: int) -> int:
    """Return how many rows the ranks before this one have."""
    total = np.empty(1, "i8")
    # Scan gives a rank the sum over all ranks up to and with itself.
    comm.Scan(np.array([count], "i8"), total)
    return int(total[0]) - count


def _gather(comm: Any, mine: Int32Array, out: Int32Array) -> None:
    """Collect the blocks in `out` on rank 0; no other rank has room for them."""
    from mpi4py import MPI  # noqa: PLC0415

    counts = np.empty(comm.size, "i4") if comm.rank == 0 else None
    comm.Gather(np.array([len(mine)], "i4"), counts)
    # MPI-3 counts below 2³¹: so it counts rows, as a large image has more numbers.
    row = MPI.INT32_T.Create_contiguous(mine.shape[1]).Commit()
    try:
        # The blocks follow each other without gaps: no displacements are needed.
        into = None if counts is None else [out, (counts, None), row]
        comm.Gatherv([mine, len(mine), row], into)
    finally:
        row.Free()
