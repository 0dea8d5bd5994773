"""Pure Python with everything that does not change taken out of the loops.

There is no call for a pixel; each coordinate and each square is computed once.
What is left is the iteration itself, and that is what pure Python is slow at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, row by row."""
    tests = range(grid.maxiter)
    never = grid.maxiter - 1
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    for index, ci in enumerate(ys):
        ci2 = ci * ci
        line = []
        for cr in xs:
            zr, zi, zr2, zi2 = cr, ci, cr * cr, ci2
            for n in tests:
                if zr2 + zi2 > 4.0:
                    line.append(n)
                    break
                zi = 2.0 * zr * zi + ci
                zr = zr2 - zi2 + cr
                zr2 = zr * zr
                zi2 = zi * zi
            else:
                line.append(never)
        out[index] = line
    return ""
