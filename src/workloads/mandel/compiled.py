"""Compiled code lets go of the GIL: Fortran by f2py, any kernel in threads, C on vectors.

Cython has no function here: ``kernels/_kernels_cython.pyx`` is the technique.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel.rows import row_groups

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.rows import Compute
    from workloads.parallel.pools import Pool


def f2py(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Call Fortran, which sees the transpose as contiguous."""
    from workloads.mandel._kernels_f2py import fill  # noqa: PLC0415

    fill(xs, ys, maxiter, out.T)


def threads(ys: Float64Array, out: Int32Array, compute: Compute, workers: int, pool: Pool) -> None:
    """Have threads compute groups of rows, which they put into one array."""

    def work(group: slice) -> None:
        out[group] = compute(ys[group])

    list(pool.map(work, row_groups(out.shape, workers)))


def simd(  # noqa: PLR0913, PLR0917
    xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array, workers: int, pool: Pool
) -> None:
    """Call the C kernel in threads that share the rows."""
    import workloads.mandel._kernels_simd as kernel  # noqa: PLC0415

    # The next row. A thread takes rows until there are none, within one call:
    # the kernel works best on many rows, and nobody waits at the end.
    counter = np.zeros(1, np.int64)

    def work(_: int) -> None:
        kernel.fill(xs, ys, maxiter, out, counter)

    try:
        list(pool.map(work, range(workers)))
    finally:
        # After Ctrl-C every thread ends with the row it is in.
        counter[0] = len(ys)


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    with ThreadPoolExecutor(4) as pool:
        simd(xs, ys, 80, out, 4, pool)
    print(out)
