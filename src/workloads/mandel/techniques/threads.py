"""A pool of threads: they run at once, as the compiled kernel releases the GIL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` threads, each of which writes into it directly."""
    _, fill = row_kernel.load()
    xs, ys = grid.axes(rows)

    def work(group: tuple[int, range]) -> None:
        first, part = group
        mine = slice(first, first + len(part))
        fill(xs, ys[mine], grid.maxiter, out[mine])

    for _ in workers.threads().map(work, groups(rows, grid.width, workers.count)):
        pass
    return f"{row_kernel.told()} without the GIL"
