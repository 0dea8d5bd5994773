"""The same threads with pure Python: the GIL lets one of them run at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.harness.pools import gil_note, threads
from workloads.mandel.blocks import singles
from workloads.mandel.techniques import python_2

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` threads."""

    def work(group: tuple[int, range]) -> None:
        first, part = group
        python_2.compute(grid, part, out[first : first + len(part)], team)

    for _ in run_all(team.hold(threads), work, singles(rows)):
        pass
    return gil_note()
