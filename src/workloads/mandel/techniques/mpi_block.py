"""MPI: one block of neighbouring rows a rank, the split that comes to mind first.

The rank with the interior of the set works long after the others are done.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from workloads.harness import ranks
from workloads.mandel import row_kernel

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` on rank 0 with every rank's rows."""
    rank, size, total = team.comm.rank, team.comm.size, len(rows)
    bounds = [total * part // size for part in range(size + 1)]
    parts = [range(bounds[part], bounds[part + 1]) for part in range(size)]
    started = time.process_time()
    mine = row_kernel.rows(grid, rows[bounds[rank] : bounds[rank + 1]])
    busy = time.process_time() - started
    ranks.gather_rows(team.comm, parts, mine, out)
    return f"{row_kernel.load()[0]} in each, {ranks.balance(team.comm, busy)}"
