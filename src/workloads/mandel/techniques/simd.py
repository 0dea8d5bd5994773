"""Vector instructions on every core: the C kernel in threads that share the rows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel._kernels_simd import fill as fill_rows
from workloads.mandel._kernels_simd import levels
from workloads.mandel._kernels_simd import limit as multiply_and_add

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# The limit is measured by so many tests, some milliseconds, several times.
_LIMIT_TESTS = 16_000_000
_LIMIT_SAMPLES = 5


def fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Fill `out` with the escape times of all ``xs`` × ``ys`` on one core."""
    fill_rows(xs, ys, maxiter, out)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` threads."""
    xs, ys = grid.axes(rows)
    # The next row. A thread takes rows until there are none, within one call:
    # the kernel works best on many rows, and nobody waits at the end.
    counter = np.zeros(1, np.int64)

    def work(_: int) -> None:
        fill_rows(xs, ys, grid.maxiter, out, counter)

    try:
        for _ in workers.threads().map(work, range(workers.count)):
            pass
    finally:
        # After Ctrl-C every thread ends with the row it is in.
        counter[0] = len(ys)
    return level()


def level() -> str:
    """Return the level of x86-64 that the kernel uses here."""
    return str(levels[0])


def limit(tests: int) -> float:
    """Return the least processor time, in seconds, that one core needs for so many tests."""
    samples = []
    for _ in range(_LIMIT_SAMPLES):
        started = time.thread_time()
        multiply_and_add(_LIMIT_TESTS)
        samples.append(time.thread_time() - started)
    return min(samples) / _LIMIT_TESTS * tests
