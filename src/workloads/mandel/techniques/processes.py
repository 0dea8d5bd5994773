"""Processes of a fork server that take small groups of rows from one queue."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` processes."""
    pool = team.pool(row_kernel.prepare, *row_kernel.modules())
    return dealt(pool, grid, rows, out, team.workers)


def dealt(pool: ProcessPoolExecutor, grid: Grid, rows: range, out: Int32Array, workers: int) -> str:
    """Fill `out` with the processes of a pool."""
    parts = groups(rows, grid.width, workers)
    grids = itertools.repeat(grid, len(parts))
    for number, block in run_all(pool, row_kernel.rows, grids, [part for _, part in parts]):
        first, part = parts[number]
        out[first : first + len(part)] = block
    return f"{row_kernel.load()[0]} in each"
