"""The scalar definition every technique must agree with, bit for bit."""

from __future__ import annotations


def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return at which iteration |z| > 2 is seen first, else ``maxiter - 1``.

    The order of the operations is part of the definition: a fused
    multiply-add or another grouping changes thousands of pixels of area2.
    Compiled for single precision it computes in that: no literal makes it double.
    """
    zr, zi = cr, ci
    for n in range(maxiter):
        zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = (zr + zr) * zi + ci
        zr = zr2 - zi2 + cr
    return maxiter - 1
