"""Spark: groups of rows as partitions, on a local cluster or a site's."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.mandel import row_kernel
from workloads.mandel.sharing import groups
from workloads.parallel import spark_context

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Fill `out` with the cluster's workers."""
    context = workers.hold(_context(kernel))
    parts = groups(len(rows), grid.width, workers.count)
    with spark_context.failures():
        # Each part is a partition: they are dealt out as workers become free.
        spread = context.parallelize([rows[part] for part in parts], len(parts))
        blocks = spread.map(functools.partial(row_kernel.rows, grid, kernel=kernel)).collect()
    for part, block in zip(parts, blocks, strict=True):
        out[part] = block
    return f"{row_kernel.described(kernel)} in each"


@functools.cache
def _context(kernel: str) -> Callable[[Workers], AbstractContextManager[Any]]:
    return lambda workers: spark_context.context(workers, row_kernel.preparation(kernel))
