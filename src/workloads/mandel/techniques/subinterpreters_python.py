"""Subinterpreters with pure Python: they run at once, as each has its own GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.blocks import singles
from workloads.mandel.definition import escape_time
from workloads.mandel.techniques.subinterpreters import deal_out

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def fill(xs: memoryview, ys: memoryview, maxiter: int, out: memoryview) -> None:
    """Fill `out`, of shape ``(len(ys), len(xs))``, in the subinterpreter, point by point."""
    columns = xs.tolist()
    for row, ci in enumerate(ys.tolist()):
        for column, cr in enumerate(columns):
            out[row, column] = escape_time(cr, ci, maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` subinterpreters."""
    deal_out(fill, grid, singles(rows), out, team)
    return "a GIL each"
