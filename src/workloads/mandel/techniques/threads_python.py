"""The same threads with pure Python: the GIL lets one of them run at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workloads.mandel.blocks import singles
from workloads.mandel.techniques import python_2
from workloads.parallel.workers import gil_note

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` with `workers.count` threads."""

    def work(group: tuple[int, range]) -> None:
        first, part = group
        python_2.compute(grid, part, out[first : first + len(part)], workers)

    for _ in workers.threads().map(work, singles(rows)):
        pass
    return gil_note()
