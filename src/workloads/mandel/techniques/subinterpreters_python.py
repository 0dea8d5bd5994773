"""Subinterpreters with pure Python: they run at once, as each has its own GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.blocks import singles
from workloads.mandel.definition import escape_time
from workloads.mandel.techniques.subinterpreters import deal_out

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def fill(xs: memoryview, ys: memoryview, maxiter: int, out: memoryview) -> None:
    """Fill `out`, of shape ``(len(ys), len(xs))``, in the subinterpreter, point by point."""
    columns = xs.tolist()
    for row, ci in enumerate(ys.tolist()):
        for column, cr in enumerate(columns):
            out[row, column] = escape_time(cr, ci, maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` subinterpreters."""
    deal_out(fill, grid, singles(rows), out, workers)
    return "a GIL each"
