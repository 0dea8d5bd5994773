"""NumPy's arrays in place of `numba_inner`'s lists: slower, as long as Python loops.

Each element that Python reads becomes an object first.  Arrays pay once the loops are
compiled, too, as in `numba_complex`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.techniques.numba_complex import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, element by element."""
    xs, ys = grid.axes(rows)
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(complex(xs[column], ys[row]), grid.maxiter)
    return ""
