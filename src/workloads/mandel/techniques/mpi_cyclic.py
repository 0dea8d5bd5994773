"""MPI: row k goes to rank k mod n, so that all share the expensive region."""

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
    rank, size = team.comm.rank, team.comm.size
    parts = [range(first, len(rows), size) for first in range(size)]
    started = time.process_time()
    mine = row_kernel.rows(grid, rows[rank::size])
    busy = time.process_time() - started
    ranks.gather_rows(team.comm, parts, mine, out)
    return f"{row_kernel.told()} in each, {ranks.balance(team, busy)}"
