"""Numba on the inner function alone: Python's loops call it once for each pixel.

Loops and lists are those of pure Python, as at the beginning of the NIH's talk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.techniques.numba_complex import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, point by point."""
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    found = [[0] * len(xs) for _ in ys]
    for row in range(len(ys)):
        for column in range(len(xs)):
            found[row][column] = escape_time(complex(xs[column], ys[row]), grid.maxiter)
    out[:] = found
    return ""
