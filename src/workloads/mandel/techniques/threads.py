"""A pool of threads: real concurrency, as the compiled kernel lets go of the GIL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups

if TYPE_CHECKING:
    from workloads.harness.arrays import Int32Array
    from workloads.harness.team import Team
    from workloads.mandel.grid import Grid


@contextlib.contextmanager
def pool(team: Team) -> Iterator[ThreadPoolExecutor]:
    """Give `team.workers` threads; a failure drops what has not begun."""
    threads = ThreadPoolExecutor(team.workers)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


def compute(grid: Grid, rows: range, out: Int32Array, team: Team) -> str:
    """Fill `out` with `team.workers` threads, each writing into it directly."""
    name, fill = row_kernel.load()
    xs, ys = grid.axes(rows)

    def work(group: tuple[int, range]) -> None:
        first, part = group
        mine = slice(first, first + len(part))
        fill(xs, ys[mine], grid.maxiter, out[mine])

    for _ in team.hold(pool).map(work, groups(rows, grid.width, team.workers)):
        pass
    return f"{name} without the GIL"
