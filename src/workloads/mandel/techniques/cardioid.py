"""Numba with a shortcut: two parts of the set have a formula.

Points in the main cardioid and in the circle to its left never escape, so
they need no test. This changes how much is computed, not the answer; the rate
still counts the tests of the definition.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel.techniques.numba_scalar import escape_time

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# Rounding must not bring a point in: a point that is closer to the border than
# this is iterated. One so close outside would need millions of iterations.
_MARGIN = 1e-12


@jit.njit("boolean(float64, float64)")
def _never_escapes(cr: float, ci: float) -> bool:
    ci2 = ci * ci
    x = cr - 0.25
    q = x * x + ci2
    in_cardioid = q * (q + x) < 0.25 * ci2 - _MARGIN
    return in_cardioid or (cr + 1.0) * (cr + 1.0) + ci2 < 0.0625 - _MARGIN


@jit.njit("void(float64[::1], float64[::1], int32, int32[:, ::1])")
def _fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    for row in range(len(ys)):
        for column in range(len(xs)):
            if _never_escapes(xs[column], ys[row]):
                out[row, column] = maxiter - 1
            else:
                out[row, column] = escape_time(xs[column], ys[row], maxiter)


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out` on one core."""
    _fill(*grid.axes(rows), grid.maxiter, out)
    return "fewer tests done than counted"
