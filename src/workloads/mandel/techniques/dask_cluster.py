"""Dask: groups of rows as futures, on a local cluster or a site's."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import dask_client

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def _client(workers: Workers) -> AbstractContextManager[Any]:
    return dask_client.client(workers, row_kernel.prepare)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with the cluster's workers."""
    client = workers.hold(_client)
    from dask.distributed import as_completed  # noqa: PLC0415

    parts = groups(rows, grid.width, workers.count)
    # Not pure: rows that are asked for again must be computed again.
    futures = [client.submit(row_kernel.rows, grid, part, pure=False) for _, part in parts]
    places = {future.key: first for future, (first, _) in zip(futures, parts, strict=True)}
    finished = as_completed(futures, with_results=True)
    # The cluster keeps a result as long as somebody here has its future.
    del futures
    with dask_client.failures():
        for future, block in finished:
            first = places[future.key]
            out[first : first + len(block)] = block
    return f"{row_kernel.told()} in each"
