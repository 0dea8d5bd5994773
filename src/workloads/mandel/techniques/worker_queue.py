"""Worker processes written out: a queue of tasks, one of results."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import queued

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def _act(task: tuple[Grid, int, range]) -> tuple[int, Int32Array]:
    grid, first, part = task
    return first, row_kernel.rows(grid, part)


def _workers(workers: Workers) -> contextlib.AbstractContextManager[queued.QueueWorkers]:
    return queued.started(workers, _act, row_kernel.load, *row_kernel.modules())


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` processes."""
    parts = [(grid, first, part) for first, part in groups(rows, grid.width, workers.count)]
    for first, block in workers.hold(_workers).act(parts):
        out[first : first + len(block)] = block
    return f"{row_kernel.told()} in each"
