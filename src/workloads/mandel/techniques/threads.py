"""A pool of threads: they run at once, as the compiled kernel releases the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.harness.pools import threads
from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` threads, each of which writes into it directly."""
    _, fill = row_kernel.load()
    xs, ys = grid.axes(rows)

    def work(group: tuple[int, range]) -> None:
        first, part = group
        mine = slice(first, first + len(part))
        fill(xs, ys[mine], grid.maxiter, out[mine])

    for _ in run_all(team.hold(threads), work, groups(rows, grid.width, team.workers)):
        pass
    return f"{row_kernel.told()} without the GIL"
