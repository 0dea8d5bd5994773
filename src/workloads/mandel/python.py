"""Pure Python in three steps. Only the loops differ, not the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array


def complex_escape_time(c: complex, maxiter: int) -> int:
    """Return the iteration at which ``|z| > 2`` is first seen, or ``maxiter - 1``."""
    z = c
    for n in range(maxiter):
        if abs(z) > 2:
            return n
        z = z * z + c
    return maxiter - 1


def complex_numbers(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """As one would first write it: complex numbers, ``abs(z) > 2``."""
    columns = xs.tolist()
    for row, y in enumerate(ys.tolist()):
        out[row] = [complex_escape_time(complex(x, y), maxiter) for x in columns]


def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return the escape time of ``cr + i ci``: what every technique must agree with.

    The order of the operations is part of the definition: a fused multiply-add or
    another grouping changes thousands of pixels of area2. In single precision it
    computes so throughout: no literal turns a number into a double.
    """
    zr, zi = cr, ci
    for n in range(maxiter):
        zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = (zr + zr) * zi + ci
        zr = zr2 - zi2 + cr
    return maxiter - 1


def two_reals(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Real and imaginary part apart: no square root, no complex objects."""
    columns = xs.tolist()
    for row, ci in enumerate(ys.tolist()):
        out[row] = [escape_time(cr, ci, maxiter) for cr in columns]


def inline(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """No call for a pixel; each coordinate and each square is computed once.

    What is left is the iteration itself, and that is what pure Python is slow at.
    """
    tests = range(maxiter)
    columns = xs.tolist()
    for row, ci in enumerate(ys.tolist()):
        ci2 = ci * ci
        line = []
        for cr in columns:
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
                line.append(maxiter - 1)
        out[row] = line
