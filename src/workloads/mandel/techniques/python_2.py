"""Pure Python with real and imaginary part apart: no square root, no complex objects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.definition import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, point by point."""
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    for index, ci in enumerate(ys):
        out[index] = [escape_time(cr, ci, grid.maxiter) for cr in xs]
    return ""
