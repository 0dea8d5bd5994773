"""Spark's rows of the workloads: parts of the work as partitions of an RDD."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.mandel import registry
from workloads.parallel.guard import import_modules
from workloads.pi.definition import seeded_hits, seeded_shares
from workloads_spark import context

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def _mandel_context(workers: Workers, kernel: str) -> AbstractContextManager[Any]:
    load = functools.partial(import_modules, registry.kernel_module(kernel))
    return context.context(workers, load)


def mandel(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Fill `out` with the cluster's workers."""
    cluster = workers.started(_mandel_context, kernel)
    parts = registry.row_groups(len(rows), grid.width, workers.count)
    with context.failures():
        # Each part is a partition: they are dealt out as workers become free.
        spread = cluster.parallelize([rows[part] for part in parts], len(parts))
        blocks = spread.map(functools.partial(registry.compute_rows, grid, kernel=kernel)).collect()
    for part, block in zip(parts, blocks, strict=True):
        out[part] = block
    return f"{registry.kernel_name(kernel)} in each"


def _hits(share: tuple[int, int]) -> int:
    return seeded_hits(*share)


def pi(pairs: int, seed: int, workers: Workers) -> tuple[int, str]:
    """Count in the cluster's workers."""
    cluster = workers.started(_pi_context)
    shares = [*zip(*seeded_shares(seed, pairs, workers.count), strict=True)]
    with context.failures():
        hits = sum(cluster.parallelize(shares, len(shares)).map(_hits).collect())
    return hits, "a GIL each"


def _pi_context(workers: Workers) -> AbstractContextManager[Any]:
    return context.context(workers, _nothing)


def _nothing() -> None:
    """Do nothing: a process imports this module to find this function by its name."""
