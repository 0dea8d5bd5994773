"""Forked processes: they have what this process has imported, and start at once.

A child has one thread alone, and the locks of its parent's other threads as they were
when it was forked.  Since 3.14 Python's default is therefore another method, and here a
process with threads is not forked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.techniques import processes

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` processes.

    Raises
    ------
    UnavailableError
        When this process has threads.
    """
    # Imported here, so that no child has to import it.
    row_kernel.prepare()
    pool = workers.pool(row_kernel.prepare, method="fork")
    return processes.by_arrays(pool, grid, rows, out, workers.count)
