"""The same threads with pure Python: the GIL lets one of them run at a time."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from workloads.mandel.blocks import singles
from workloads.mandel.techniques import python_2
from workloads.mandel.techniques.threads import pool

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` threads."""

    def work(group: tuple[int, range]) -> None:
        first, part = group
        python_2.compute(grid, part, out[first : first + len(part)], team)

    for _ in team.hold(pool).map(work, singles(rows)):
        pass
    # A build of Python without a GIL has the function and answers False.
    held = getattr(sys, "_is_gil_enabled", lambda: True)()
    return "one thread at a time holds the GIL" if held else "this Python has no GIL"
