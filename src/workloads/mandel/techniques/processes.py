"""Spawned processes that take small groups of rows from one queue."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.blocks import blocks

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid

# Groups a worker: enough that none is idle for long at the end, few enough
# that a message costs little against what it brings. And no message so long
# that pickling it holds up the others.
_GROUPS = 16
_MESSAGE_BYTES = 4 << 20


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` processes."""
    pool = team.pool(row_kernel.load)
    length = min(-(-len(rows) // (_GROUPS * team.workers)), _MESSAGE_BYTES // (4 * grid.width))
    groups = list(blocks(rows, max(1, length)))
    first = 0
    for part in pool.map(row_kernel.rows, itertools.repeat(grid), groups):
        out[first : first + len(part)] = part
        first += len(part)
    return f"{row_kernel.load()[0]} in each"
