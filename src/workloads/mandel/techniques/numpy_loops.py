"""NumPy arrays with Python's loops: slower than no NumPy at all.

Each element that is read becomes an object, and arithmetic with such an object costs
more than with Python's own float.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.mandel.definition import escape_time

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


def compute(grid: Grid, rows: range, out: Int32Array, _: Team) -> str:
    """Fill `out`, element by element."""
    xs, ys = grid.axes(rows)
    # Unlike Python's floats, NumPy's warn where numbers overflow.
    with np.errstate(over="ignore", invalid="ignore"):
        for row in range(len(ys)):
            for column in range(len(xs)):
                out[row, column] = escape_time(xs[column], ys[row], grid.maxiter)
    return ""
