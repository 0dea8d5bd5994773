"""Numba's ladder on one core: what ``@njit`` compiles, step by step.

Each signature is compiled when this module is imported, so that no timing includes it; the code
is kept (``cache=True``). Without ``fastmath`` LLVM neither reorders nor fuses operations. Loops
over all points release the GIL: other threads compute meanwhile, and a stop is heard
(`hpcpy_common.signals`). A call for one point keeps it: it is short, and would take a fifth longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array, Int32Array


@numba.njit("int32(complex128, int32)", cache=True)
def complex_escape_time(c: complex, maxiter: int) -> int:
    """Return the escape time of one point: the function of pure Python, compiled."""
    z = c
    for n in range(maxiter):
        if abs(z) > 2:
            return n
        z = z * z + c
    return maxiter - 1


def inner(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Loop over lists in Python, as the NIH's talk begins, and call the compiled function."""
    columns, lines = xs.tolist(), ys.tolist()
    times = [[0] * len(columns) for _ in lines]
    for row in range(len(lines)):
        for column in range(len(columns)):
            times[row][column] = complex_escape_time(complex(columns[column], lines[row]), maxiter)
    out[:] = times


def array_loops(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Do the same over arrays: slower, as each element that Python reads becomes an object."""
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = complex_escape_time(complex(xs[column], ys[row]), maxiter)


@numba.njit("void(float64[::1], float64[::1], int32, int32[:, ::1])", cache=True, nogil=True)
def complex_loops(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Compile the loops, too: arrays now pay."""
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = complex_escape_time(complex(xs[column], ys[row]), maxiter)


@numba.njit(["int32(float64, float64, int32)", "int32(float32, float32, int32)"], cache=True)
def escape_time(cr: float, ci: float, maxiter: int) -> int:
    """Return the escape time of one point: squares are computed once, and no square root."""
    zr, zi = cr, ci
    for n in range(maxiter):
        zr2, zi2 = zr * zr, zi * zi
        if zr2 + zi2 > 4.0:
            return n
        zi = (zr + zr) * zi + ci
        zr = zr2 - zi2 + cr
    return maxiter - 1


@numba.njit(
    [
        "void(float64[::1], float64[::1], int32, int32[:, ::1])",
        "void(float32[::1], float32[::1], int32, int32[:, ::1])",  # numba-single
    ],
    cache=True,
    nogil=True,
)
def fill(xs: Float64Array, ys: Float64Array, maxiter: int, out: Int32Array) -> None:
    """Fill `out` by real numbers: the kernel of the parallel techniques."""
    for row in range(len(ys)):
        for column in range(len(xs)):
            out[row, column] = escape_time(xs[column], ys[row], maxiter)


@numba.njit("List(int64)(float64[::1], float64, int32)", cache=True)
def row_as_list(xs: Float64Array, y: float, maxiter: int) -> list[int]:
    """Return one row as a list, for `multiprocessing-lists`."""
    times = [0] * len(xs)
    for column in range(len(xs)):
        times[column] = escape_time(xs[column], y, maxiter)
    return times


if __name__ == "__main__":
    xs, ys = np.linspace(-2.0, 0.5, 1000), np.linspace(-1.25, 1.25, 1000)
    out = np.empty((1000, 1000), np.int32)
    fill(xs, ys, 80, out)
    print(out)
