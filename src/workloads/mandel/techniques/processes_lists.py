"""Processes that send rows as lists, as the NIH's talk does: each number is pickled.

This process alone makes an object of each number again: beyond a few workers that
takes longer than the computing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.bench import jit
from workloads.mandel.blocks import blocks, groups
from workloads.mandel.techniques.numba_scalar import escape_time
from workloads.mandel.techniques.processes import dealt

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array, Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

# Portions for each worker, as many as multiprocessing.Pool.map cuts.
_PORTIONS = 4
# A number takes some 40 bytes in a list, and all lists may wait here.
_MOST_NUMBERS = 4 << 20


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` processes."""
    pool = workers.pool(_prepare)
    first = 0
    for few in blocks(rows, max(1, _MOST_NUMBERS // grid.width)):
        parts = groups(few, grid.width, workers.count, _PORTIONS)
        dealt(pool, _rows, grid, parts, out[first : first + len(few)])
        first += len(few)
    return "numba in each, rows sent as lists"


def _prepare() -> None:
    """Do nothing: a process that has imported this module has compiled it."""


def _rows(grid: Grid, wanted: range) -> list[list[int]]:
    xs, ys = grid.axes(wanted)
    return [_row(xs, y, grid.maxiter) for y in ys]


@jit.njit("List(int64)(float64[::1], float64, int32)")
def _row(xs: Float64Array, y: float, maxiter: int) -> list[int]:
    found = [0] * len(xs)
    for column in range(len(xs)):
        found[column] = escape_time(xs[column], y, maxiter)
    return found
