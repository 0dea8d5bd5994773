"""Subinterpreters, a GIL each, in the threads of one process.

They share no Python object, but they may share memory: each gets memoryviews of
the rows that it is to fill. numpy refuses to be imported in one, so the kernel
is a C module of our own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def fill(xs: memoryview, ys: memoryview, maxiter: int, out: memoryview) -> None:
    """Fill `out`, of shape ``(len(ys), len(xs))``, in the subinterpreter."""
    from workloads.mandel import _kernels_simd  # noqa: PLC0415

    _kernels_simd.fill(xs, ys, maxiter, out)


def deal_out(
    function: Callable[[memoryview, memoryview, int, memoryview], None],
    grid: Grid,
    parts: list[tuple[int, range]],
    out: Int32Array,
    workers: Workers,
) -> None:
    """Call `function` for each group of rows in a free subinterpreter.

    Parameters
    ----------
    function
        Takes the axes, maxiter and the rows to fill; importable by its name.
    grid
        The grid that the rows are of.
    parts
        As `workloads.mandel.blocks.groups` gives them.
    out
        The escape times, an int32 row for each row of all parts.
    workers
        The subinterpreters.
    """
    executor = workers.subinterpreters()
    calls = []
    for first, part in parts:
        xs, ys = grid.axes(part)
        mine = memoryview(out[first : first + len(part)])
        calls.append((memoryview(xs), memoryview(ys), grid.maxiter, mine))
    for _ in executor.map(function, *zip(*calls, strict=True)):
        pass


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` subinterpreters."""
    deal_out(fill, grid, groups(rows, grid.width, workers.count), out, workers)
    return "simd in each, a GIL each"
