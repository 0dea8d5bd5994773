"""Numba: the scalar definition itself, compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel import definition

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

escape_time = jit.njit("int32(float64, float64, int32)")(definition.escape_time)


@jit.njit("void(float64[::1], float64[::1], int32, int32[:, ::1])")
def fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Fill `out` with the escape times of all ``xs`` × ``ys``."""
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(xs[column], ys[row], maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    fill(*grid.axes(rows), grid.maxiter, out)
    return ""
