"""Spark: groups of rows as partitions, on a local cluster or a site's."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import spark_context

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def _context(workers: Workers) -> AbstractContextManager[Any]:
    return spark_context.context(workers, row_kernel.prepare)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with the cluster's workers."""
    context = workers.hold(_context)
    places, parts = zip(*groups(rows, grid.width, workers.count), strict=True)
    with spark_context.failures():
        # Each part is a partition: they are dealt out as workers become free.
        spread = context.parallelize(parts, len(parts))
        blocks = spread.map(functools.partial(row_kernel.rows, grid)).collect()
    for first, block in zip(places, blocks, strict=True):
        out[first : first + len(block)] = block
    return f"{row_kernel.told()} in each"
