"""Spark: groups of rows as partitions, on a local cluster or a site's."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from workloads.harness import spark_context
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def _context(team: Team) -> AbstractContextManager[Any]:
    return spark_context.context(team, row_kernel.prepare)


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with the cluster's workers."""
    context = team.hold(_context)
    places, parts = zip(*groups(rows, grid.width, team.workers), strict=True)
    with spark_context.failures():
        # Each part is a partition: they are dealt out as workers become free.
        spread = context.parallelize(parts, len(parts))
        blocks = spread.map(functools.partial(row_kernel.rows, grid)).collect()
    for first, block in zip(places, blocks, strict=True):
        out[first : first + len(block)] = block
    return f"{row_kernel.told()} in each"
