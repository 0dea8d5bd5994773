"""Threads and subinterpreters, each with a compiled kernel and with pure Python.

Subinterpreters are threads with a GIL each. They share no Python object, but they may
share memory: each gets memoryviews of the rows that it is to fill. NumPy refuses to be
imported in one, so this module does not import it, and their kernel is a C module of
our own.
"""

from __future__ import annotations

import importlib
from itertools import repeat
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.sharing import groups
from workloads.mandel.techniques.python import escape_time, two_reals
from workloads.parallel.workers import gil_note

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compiled(grid: Grid, rows: range, out: Int32Array, workers: Workers, kernel: str) -> str:
    """Fill groups of rows in a pool of threads: the compiled kernel releases the GIL."""
    fill = row_kernel.load(kernel)
    xs, ys = grid.axes(rows)

    def work(group: slice) -> None:
        fill(xs, ys[group], grid.maxiter, out[group])

    for _ in workers.threads().map(work, groups(len(rows), grid.width, workers.count)):
        pass
    return f"{row_kernel.described(kernel)} without the GIL"


def pure_python(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill rows in the same threads by pure Python: one of them runs at a time."""
    xs, ys = grid.axes(rows)

    def work(row: int) -> None:
        two_reals(xs, ys[row : row + 1], grid.maxiter, out[row : row + 1])

    for _ in workers.threads().map(work, range(len(rows))):
        pass
    return gil_note()


def subinterpreters(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill groups of rows by the C kernel in a pool of subinterpreters."""
    xs, ys = grid.axes(rows)
    calls = [
        workers.subinterpreters().submit(
            _fill_by_simd, memoryview(xs), memoryview(ys[part]), grid.maxiter, memoryview(out[part])
        )
        for part in groups(len(rows), grid.width, workers.count)
    ]
    for call in calls:
        call.result()
    return "simd in each, a GIL each"


def subinterpreters_python(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill rows by pure Python: the subinterpreters run at once, as each has its own GIL."""
    xs, ys = (axis.tolist() for axis in grid.axes(rows))
    lines = [memoryview(line) for line in out]
    for _ in workers.subinterpreters().map(_fill_row, repeat(xs), ys, repeat(grid.maxiter), lines):
        pass
    return "a GIL each"


def _fill_by_simd(xs: memoryview, ys: memoryview, maxiter: int, out: memoryview) -> None:
    simd = importlib.import_module("workloads.mandel._kernels_simd")
    simd.fill(xs, ys, maxiter, out)


def _fill_row(xs: list[float], ci: float, maxiter: int, out: memoryview) -> None:
    for column, cr in enumerate(xs):
        out[column] = escape_time(cr, ci, maxiter)
