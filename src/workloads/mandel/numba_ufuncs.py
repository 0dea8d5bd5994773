"""Numba's ufuncs, and its threads: ``vectorize``, ``guvectorize``, ``prange``.

Apart from `numba_`, which each worker process imports: these start threads, and ufuncs
load Numba's compiler.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from workloads.mandel.numba_ import escape_time

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array


@numba.vectorize(["int32(float64, float64, int32)"], cache=True)
def _escape_times(cr: float, ci: float, maxiter: int) -> int:
    return escape_time(cr, ci, maxiter)


def ufunc(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call a NumPy ufunc: broadcasting pairs every column with every row."""
    # A ufunc warns of numbers that overflow, as they may after they have escaped.
    with np.errstate(over="ignore", invalid="ignore"):
        _escape_times(xs, ys[:, None], maxiter, out=out)


# Without types it is compiled for those of its first call.
@numba.guvectorize("(n),(),()->(n)")
def _escape_row(xs: Float64Array, y: float, maxiter: int, out: Int32Array) -> None:
    for column in range(len(xs)):
        out[column] = escape_time(xs[column], y, maxiter)


def gufunc(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call a generalised ufunc: it takes a whole row, and broadcasting gives it each y."""
    _escape_row(xs, ys, np.int32(maxiter), out)


@numba.vectorize(["int32(float64, float64, int32)"], target="parallel", cache=True)
def _escape_times_parallel(cr: float, ci: float, maxiter: int) -> int:
    return escape_time(cr, ci, maxiter)


def parallel_ufunc(
    xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, workers: int
) -> None:
    """Call the ufunc in threads: each has one part of the points from the start."""
    numba.set_num_threads(workers)
    # A ufunc shares out only its innermost loop, which would be one row: so it
    # gets all points as one row. Their coordinates take four times the answer's
    # memory.
    cr, ci = np.tile(xs, len(ys)), np.repeat(ys, len(xs))
    with np.errstate(over="ignore", invalid="ignore"):
        _escape_times_parallel(cr, ci, maxiter, out=out.reshape(-1))


@numba.njit(
    "void(float64[::1], float64[::1], int32, int32[:, ::1])", parallel=True, cache=True, nogil=True
)
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    for row in numba.prange(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(xs[column], ys[row], maxiter)


def parallel(
    xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, workers: int
) -> None:
    """Loop over the rows in threads: whoever is free takes the next."""
    numba.set_num_threads(workers)
    # Chunks of one row are dealt out as threads become free. By default each
    # thread has one block of rows, and the thread with the set's interior is late.
    with numba.parallel_chunksize(1):
        _fill(xs, ys, maxiter, out)


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    parallel(xs, ys, 80, out, numba.get_num_threads())
    print(out)
