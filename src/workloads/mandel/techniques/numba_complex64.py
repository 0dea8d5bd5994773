"""Numba, complex numbers of single precision and ``abs(z) > 2``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.mandel.techniques import python

if TYPE_CHECKING:
    from workloads.bench.arrays import Float32Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_escape_time = jit.njit("int32(complex64, int32)")(python.escape_time)


@jit.njit("void(float32[::1], float32[::1], int32, int32[:, ::1])")
def _fill(xs: Float32Array, ys: Float32Array, maxiter: int, out: Int32Array) -> None:
    for row in range(len(ys)):
        for column in range(len(xs)):
            c = np.complex64(complex(xs[column], ys[row]))
            out[row, column] = _escape_time(c, maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    _fill(*grid.axes_single(rows), grid.maxiter, out)
    return ""
