"""``numba.vectorize``: the scalar definition as a NumPy ufunc, on one core."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from workloads.bench import jit
from workloads.mandel import definition

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

_escape_times = jit.vectorize("int32(float64, float64, int32)")(definition.escape_time)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`; broadcasting pairs every column with every row."""
    xs, ys = grid.axes(rows)
    # A ufunc warns of numbers that overflow, as they may after they have escaped.
    with np.errstate(over="ignore", invalid="ignore"):
        _escape_times(xs, ys[:, None], grid.maxiter, out=out)
    return ""
