"""Worker processes: a pool, the same with lists, and Dask's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING

from workloads.mandel import registry
from workloads.parallel import dask_cluster
from workloads.parallel.guard import guarded

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# Portions for each worker, as many as multiprocessing.Pool.map cuts.
_PORTIONS = 4


@contextlib.contextmanager
def process_pool(workers: Workers, kernel: str) -> Iterator[ProcessPoolExecutor]:
    """Start a pool of processes, forked by a server that has imported the kernel."""
    context = get_context("forkserver")
    with (
        guarded(context, workers.count, registry.kernel_module(kernel), __name__) as guard,
        ProcessPoolExecutor(workers.count, context, initializer=guard) as pool,
    ):
        guard.wait(pool)
        yield pool


def pool(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Have the processes of a pool return small groups of rows as arrays."""
    pool = workers.started(process_pool, kernel)
    parts = registry.row_groups(len(rows), grid.width, workers.count)
    blocks = pool.map(
        registry.compute_rows, repeat(grid), [rows[part] for part in parts], repeat(kernel)
    )
    for part, block in zip(parts, blocks, strict=True):
        out[part] = block
    return f"{registry.kernel_name(kernel)} in each"


def lists(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Have rows returned as lists, as in the NIH's talk: each number is pickled.

    This process alone makes an object of each number again: beyond a few workers that
    takes longer than the computing.
    """
    pool = workers.started(process_pool, "numba")
    parts = registry.row_groups(len(rows), grid.width, workers.count, _PORTIONS)
    blocks = pool.map(_rows_as_lists, repeat(grid), [rows[part] for part in parts])
    for part, block in zip(parts, blocks, strict=True):
        out[part] = block
    return "numba in each, rows sent as lists"


def _rows_as_lists(grid: Grid, wanted: range) -> list[list[int]]:
    from workloads.mandel.numba_ import row_as_list  # noqa: PLC0415

    xs, ys = grid.axes(wanted)
    return [row_as_list(xs, y, grid.maxiter) for y in ys]


def dask(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Submit groups of rows, on a local cluster or a site's, and take results as they come."""
    client = workers.started(dask_cluster.client, "", registry.kernel_module(kernel))
    from dask.distributed import as_completed  # noqa: PLC0415

    # Not pure: rows that are asked for again must be computed again.
    places = {
        client.submit(registry.compute_rows, grid, rows[part], kernel, pure=False): part
        for part in registry.row_groups(len(rows), grid.width, workers.count)
    }
    with dask_cluster.failures(client):
        for future, block in as_completed(list(places), with_results=True):
            # The cluster keeps a result as long as somebody here has its future.
            out[places.pop(future)] = block
    return f"{registry.kernel_name(kernel)} in each"
