"""Numba, complex numbers and ``abs(z) > 2``: both loops and the function compiled.

This is the pure Python of `python`, compiled without being rewritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel.techniques import python

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

escape_time = jit.njit("int32(complex128, int32)")(python.escape_time)


@jit.njit("void(float64[::1], float64[::1], int32, int32[:, ::1])")
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(complex(xs[column], ys[row]), maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    _fill(*grid.axes(rows), grid.maxiter, out)
    return ""
