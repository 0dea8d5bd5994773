"""Worker processes that return rows as arrays or as lists: of a pool, and of Dask."""

from __future__ import annotations

from functools import partial
from multiprocessing import Pool
from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel.rows import compute_rows, row_groups

if TYPE_CHECKING:
    from dask.distributed import Client

    from workloads.bench.workload import Float64Array, Int32Array
    from workloads.mandel.rows import Compute
    from workloads.parallel import pools

# Portions for each worker, as many as multiprocessing.Pool.map cuts.
_PORTIONS = 4


def pool_map(
    ys: Float64Array, out: Int32Array, compute: Compute, workers: int, pool: pools.Pool
) -> None:
    """Have a pool compute small groups of rows: whoever is free takes the next."""
    groups = row_groups(out.shape, workers)
    blocks = pool.map(compute, [ys[group] for group in groups])
    for group, block in zip(groups, blocks, strict=True):
        out[group] = block


def lists(  # noqa: PLR0913, PLR0917
    xs: Float64Array,
    ys: Float64Array,
    maxiter: int,
    out: Int32Array,
    workers: int,
    pool: pools.Pool,
) -> None:
    """Have rows returned as lists, as in the NIH's talk: each number is pickled.

    This process alone makes an object of each number again: beyond a few workers that
    takes longer than the computing.
    """
    groups = row_groups(out.shape, workers, _PORTIONS)
    blocks = pool.map(partial(rows_as_lists, xs, maxiter), [ys[group] for group in groups])
    for group, block in zip(groups, blocks, strict=True):
        out[group] = block


def rows_as_lists(xs: Float64Array, maxiter: int, ys: Float64Array) -> list[list[int]]:
    """Compute rows in a worker."""
    from workloads.mandel.numba_ import row_as_list  # noqa: PLC0415

    return [row_as_list(xs, y, maxiter) for y in ys]


def dask(ys: Float64Array, out: Int32Array, compute: Compute, workers: int, client: Client) -> None:
    """Submit groups of rows, and take results as they come."""
    from dask.distributed import as_completed  # noqa: PLC0415

    # Not pure: rows that are asked for again must be computed again.
    groups = {
        client.submit(compute, ys[group], pure=False): group
        for group in row_groups(out.shape, workers)
    }
    for future, block in as_completed(list(groups), with_results=True):
        # The cluster keeps a result as long as somebody here has its future.
        out[groups.pop(future)] = block


if __name__ == "__main__":
    from workloads.mandel.numpy_ import fill

    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    compute = partial(compute_rows, fill, xs, 80)
    with Pool(4) as pool:
        pool_map(ys, out, compute, 4, pool)
    print(out)
