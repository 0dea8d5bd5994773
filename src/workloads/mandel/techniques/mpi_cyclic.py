"""MPI: row k goes to rank k mod n, so that all share the expensive region."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on rank 0 with every rank's rows."""
    rank, size = workers.comm.rank, workers.comm.size
    parts = [range(first, len(rows), size) for first in range(size)]
    started = time.process_time()
    mine = row_kernel.rows(grid, rows[rank::size])
    busy = time.process_time() - started
    ranks.gather_rows(workers.comm, parts, mine, out)
    return f"{row_kernel.told()} in each, {ranks.balance(workers, busy)}"
