"""OpenCL C in single precision: a GPU does 2 to 64 times as many of these operations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.techniques import opencl

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on one device, in single precision."""
    return opencl.filled(grid.axes_single(rows), grid.maxiter, out, workers)
