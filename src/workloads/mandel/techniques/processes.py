"""Processes of a fork server that take small groups of rows from one queue."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` processes."""
    pool = workers.pool(row_kernel.prepare, *row_kernel.modules())
    return by_arrays(pool, grid, rows, out, workers.count)


def by_arrays(
    pool: ProcessPoolExecutor, grid: Grid, rows: range, out: Int32Array, workers: int
) -> str:
    """Fill `out` with the arrays that the processes of a pool send; return the note."""
    dealt(pool, row_kernel.rows, grid, groups(rows, grid.width, workers), out)
    return f"{row_kernel.told()} in each"


def dealt(
    pool: ProcessPoolExecutor,
    compute_rows: Callable[[Grid, range], object],
    grid: Grid,
    parts: Sequence[tuple[int, range]],
    out: Int32Array,
) -> None:
    """Fill `out` with what the processes of a pool send for each part.

    Parameters
    ----------
    pool
        The processes.
    compute_rows
        Returns the rows of a part, as an array or as lists.
    grid
        The grid that the rows are of.
    parts
        As `workloads.mandel.blocks.groups` gives them.
    out
        The escape times, an int32 row for each row of all parts.
    """
    grids = itertools.repeat(grid, len(parts))
    blocks = pool.map(compute_rows, grids, [part for _, part in parts])
    for (first, part), block in zip(parts, blocks, strict=True):
        out[first : first + len(part)] = block
