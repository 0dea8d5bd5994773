"""Pure Python as one would first write it: complex numbers, ``abs(z) > 2``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def escape_time(c: complex, maxiter: int) -> int:
    """Return the iteration at which ``|z| > 2`` is first seen, or ``maxiter - 1``."""
    z = c
    for n in range(maxiter):
        if abs(z) > 2:
            return n
        z = z * z + c
    return maxiter - 1


def compute(grid: Grid, rows: range, out: Int32Array, _: Workers) -> str:
    """Fill `out`, point by point."""
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    for index, y in enumerate(ys):
        out[index] = [escape_time(complex(x, y), grid.maxiter) for x in xs]
    return ""
