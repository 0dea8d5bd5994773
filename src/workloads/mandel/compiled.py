"""Compiled code lets go of the GIL: Fortran by f2py, any kernel in threads, C on vectors.

Cython has no function here: ``kernels/_kernels_cython.pyx`` is the technique.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel import registry

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def f2py(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call Fortran, which sees the transpose as contiguous."""
    from workloads.mandel._kernels_f2py import fill  # noqa: PLC0415

    fill(xs, ys, maxiter, out.T)


def thread_pool(workers: Workers) -> ThreadPoolExecutor:
    """Return a pool of threads; as a context manager it waits for them at its end."""
    return ThreadPoolExecutor(workers.count)


def threads(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Fill groups of rows in a pool of threads."""
    fill = registry.load_kernel(kernel)
    xs, ys = grid.axes(rows)

    def work(group: slice) -> None:
        fill(xs, ys[group], grid.maxiter, out[group])

    pool = workers.started(thread_pool)
    for _ in pool.map(work, registry.row_groups(len(rows), grid.width, workers.count)):
        pass
    return f"{registry.kernel_name(kernel)} without the GIL"


def simd(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Call the C kernel in `workers.count` threads that share the rows."""
    import workloads.mandel._kernels_simd as kernel  # noqa: PLC0415

    xs, ys = grid.axes(rows)
    # The next row. A thread takes rows until there are none, within one call:
    # the kernel works best on many rows, and nobody waits at the end.
    counter = np.zeros(1, np.int64)

    def work(_: int) -> None:
        kernel.fill(xs, ys, grid.maxiter, out, counter)

    try:
        for _ in workers.started(thread_pool).map(work, range(workers.count)):
            pass
    finally:
        # After Ctrl-C every thread ends with the row it is in.
        counter[0] = len(ys)
    return str(kernel.levels[0])
