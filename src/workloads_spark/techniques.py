"""Spark's rows of the workloads: parts of the work as partitions of an RDD."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from workloads.mandel import registry
from workloads.pi.definition import count_share, seeded_shares
from workloads_spark import context

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def mandel(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Fill `out` with the cluster's workers."""
    cluster = workers.started(context.context, "", registry.kernel_module(kernel))
    parts = registry.row_groups(len(rows), grid.width, workers.count)
    with context.failures(cluster):
        # Each part is a partition: they are dealt out as workers become free.
        spread = cluster.parallelize([rows[part] for part in parts], len(parts))
        blocks = spread.map(functools.partial(registry.compute_rows, grid, kernel=kernel)).collect()
    for part, block in zip(parts, blocks, strict=True):
        out[part] = block
    return f"{registry.kernel_name(kernel)} in each"


def pi(pairs: int, seed: int, workers: int, sc: Any) -> int:
    """Count in the cluster's workers, a partition each."""
    shares = sc.parallelize(seeded_shares(seed, pairs, workers), workers)
    hits: int = shares.map(count_share).sum()
    return hits
