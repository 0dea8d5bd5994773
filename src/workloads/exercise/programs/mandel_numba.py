# Numba compiles escape_time, and the loops of compute, too.
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
# Hint: Look first, then step. `a, b = ..., ...` computes both sides before it assigns.

import numba
import numpy as np


@numba.njit
def escape_time(cr, ci, maxiter):
    """Return after how many steps z leaves the circle, for c = cr + i*ci."""
    zr, zi = cr, ci
    for n in range(maxiter):
        # Hole: look, and compute the next z, in escape_time
        if zr * zr + zi * zi > 4.0:
            return n
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
        # End of the hole.
    return maxiter - 1


@numba.njit
def compute(xs, ys, maxiter):
    """Return the image: a row for each y, a column for each x."""
    image = np.empty((len(ys), len(xs)), np.int32)
    for row, y in enumerate(ys):
        for column, x in enumerate(xs):
            image[row, column] = escape_time(x, y, maxiter)
    return image
