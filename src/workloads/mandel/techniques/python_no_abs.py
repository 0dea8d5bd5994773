"""Pure Python, complex numbers without ``abs``: no square root, and yet slower.

One call of C is cheaper than four attributes, two products and a sum, each of
which makes an object: in pure Python the number of steps counts, not the flops.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def _escape_time(c: complex, maxiter: int) -> int:
    z = c
    for n in range(maxiter):
        if z.real * z.real + z.imag * z.imag > 4.0:
            return n
        z = z * z + c
    return maxiter - 1


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, point by point."""
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    for index, y in enumerate(ys):
        out[index] = [_escape_time(complex(x, y), grid.maxiter) for x in xs]
    return ""
