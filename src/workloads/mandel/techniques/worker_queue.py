"""Worker processes written out: a queue of tasks, one of results."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from workloads.harness import queued
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def _act(task: tuple[Grid, int, range]) -> tuple[int, Int32Array]:
    grid, first, part = task
    return first, row_kernel.rows(grid, part)


def _workers(team: Team) -> contextlib.AbstractContextManager[queued.Workers]:
    return queued.workers(team, _act, row_kernel.load, *row_kernel.modules())


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` processes."""
    parts = [(grid, first, part) for first, part in groups(rows, grid.width, team.workers)]
    for first, block in team.hold(_workers).act(parts):
        out[first : first + len(block)] = block
    return f"{row_kernel.told()} in each"
