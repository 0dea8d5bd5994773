"""The scalar definition that every technique must agree with, bit for bit."""

from __future__ import annotations


def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return the iteration at which |z| > 2 is first seen, or ``maxiter - 1``.

    The order of the operations is part of the definition: a fused
    multiply-add or another grouping changes thousands of pixels of area2.
    Compiled for single precision, it computes in single precision throughout: no
    literal turns a number into a double.

    Parameters
    ----------
    cr, ci
        Real and imaginary part of the point c; z begins as c.
    maxiter
        The most tests of |z|.
    """
    zr, zi = cr, ci
    for n in range(maxiter):
        zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = (zr + zr) * zi + ci
        zr = zr2 - zi2 + cr
    return maxiter - 1
