"""Numba: the scalar definition, compiled for single precision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel import definition

if TYPE_CHECKING:
    from workloads.bench.arrays import Float32Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_escape_time = jit.njit("int32(float32, float32, int32)")(definition.escape_time)


@jit.njit("void(float32[::1], float32[::1], int32, int32[:, ::1])")
def _fill(xs: Float32Array, ys: Float32Array, maxiter: int, out: Int32Array) -> None:
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = _escape_time(xs[column], ys[row], maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    _fill(*grid.axes_single(rows), grid.maxiter, out)
    return ""
