"""Worker processes that return their rows as lists, as in the NIH's talk: each number is pickled.

The first process alone makes an object of each number again: beyond a few workers that takes
longer than the computing.
"""

from __future__ import annotations

from functools import partial
from multiprocessing import Pool
from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel.numba_ import row_as_list
from workloads.mandel.rows import row_groups

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.parallel import pools

# Portions for each worker, as many as multiprocessing.Pool.map cuts.
_PORTIONS = 4


def pool_map(  # noqa: PLR0913, PLR0917
    xs: Float64Array,
    ys: Float64Array,
    maxiter: int,
    out: Int32Array,
    workers: int,
    pool: pools.Pool,
) -> None:
    """Have a pool compute groups of rows, and send them as lists."""
    groups = row_groups(out.shape, workers, _PORTIONS)
    blocks = pool.map(partial(rows_as_lists, xs, maxiter), [ys[group] for group in groups])
    for group, block in zip(groups, blocks, strict=True):
        out[group] = block


def rows_as_lists(xs: Float64Array, maxiter: int, ys: Float64Array) -> list[list[int]]:
    """Compute rows in a worker."""
    return [row_as_list(xs, y, maxiter) for y in ys]


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    with Pool(4) as pool:
        pool_map(xs, ys, 80, out, 4, pool)
    print(out)
