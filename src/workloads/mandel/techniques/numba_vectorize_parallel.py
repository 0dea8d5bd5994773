"""``numba.vectorize`` with threads: each has one part of the points from the start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.mandel import definition

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_escape_times = jit.vectorize("int32(float64, float64, int32)", parallel=True)(
    definition.escape_time
)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` threads."""
    jit.use_threads(workers.count)
    xs, ys = grid.axes(rows)
    # A ufunc shares out only its innermost loop, which would be one row: so it
    # gets all points as one row. Their coordinates take four times the answer's
    # memory.
    cr, ci = np.tile(xs, len(ys)), np.repeat(ys, len(xs))
    # A ufunc warns of numbers that overflow, as they may after they have escaped.
    with np.errstate(over="ignore", invalid="ignore"):
        _escape_times(cr, ci, grid.maxiter, out=out.reshape(-1))
    return f"{jit.numba.threading_layer()} threads, one block of points each"
