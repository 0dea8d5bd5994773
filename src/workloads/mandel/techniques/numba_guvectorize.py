"""``numba.guvectorize``: one call for a row, NumPy's loop over the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.mandel.techniques.numba_scalar import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


@jit.guvectorize("void(float64[:], float64, int32, int32[:])", "(n),(),()->(n)")
def _fill_row(xs: Float64Array, y: float, maxiter: int, out: Int32Array) -> None:
    for column in range(len(xs)):
        out[column] = escape_time(xs[column], y, maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    xs, ys = grid.axes(rows)
    # A ufunc warns of numbers that overflow, as they may after they have escaped.
    with np.errstate(over="ignore", invalid="ignore"):
        _fill_row(xs, ys, grid.maxiter, out)
    return ""
