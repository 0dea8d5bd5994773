"""Numba with threads: whoever is free takes the next row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel.techniques.numba_scalar import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


@jit.njit("void(float64[::1], float64[::1], int32, int32[:, ::1])", parallel=True)
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    for row in jit.numba.prange(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(xs[column], ys[row], maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` threads."""
    jit.use_threads(workers.count)
    # Chunks of one row are dealt out as threads become free. By default each
    # thread has one block of rows, and the thread with the set's interior is late.
    with jit.numba.parallel_chunksize(1):
        _fill(*grid.axes(rows), grid.maxiter, out)
    return f"{jit.numba.threading_layer()} threads"
