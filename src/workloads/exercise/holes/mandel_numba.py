"""Exercise mandel-numba: the inner loop of the Mandelbrot set, for Numba to compile."""

# Task: fill the hole in escape_time. Numba compiles it, and the loops of compute, too.
#
# z begins as c, and becomes z*z + c in each step. Return after how many steps |z| > 2 is
# seen first: 0 if c itself is outside. Look maxiter times at most, after n = 0 ...
# maxiter - 1 steps, and return maxiter - 1 if it is never seen.
#
# Use real numbers, in this order: another order gives other last bits.
#   |z| > 2        is  zr*zr + zi*zi > 4.0
#   the new zi     is  2.0*zr*zi + ci
#   the new zr     is  zr*zr - zi*zi + cr    (of the old zi)
#
# Check it: python -m workloads exercise mandel-numba --check THIS_FILE

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit
def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return after how many steps z leaves the circle, for c = cr + i*ci."""
    zr, zi = cr, ci
    for n in range(maxiter):
        raise NotImplementedError("look, and compute the next z, in escape_time")
    return maxiter - 1


@numba.njit
def compute(xs: Any, ys: Any, maxiter: int) -> Any:
    """Return the image: a row for each y, a column for each x."""
    image = np.empty((len(ys), len(xs)), np.int32)
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            image[row, column] = escape_time(x, y, maxiter)
    return image
