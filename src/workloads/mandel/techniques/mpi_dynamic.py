"""MPI: whoever is free draws the next group from a counter, rank 0 as well.

The counter lies in rank 0's memory and is read by one-sided operations: rank 0
answers nobody, and computes meanwhile.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on rank 0 with the groups that each rank has drawn."""
    comm = workers.comm
    parts = groups(rows, grid.width, comm.size)
    draw = workers.hold(_counter)
    # Safe: rank 0 has every rank's last group of the call before, so nobody draws.
    draw(True)
    comm.Barrier()
    mine: list[tuple[int, Int32Array]] = []
    busy = 0.0
    while (number := draw(False)) < len(parts):
        started = time.process_time()
        mine.append((number, row_kernel.rows(grid, parts[number][1])))
        busy += time.process_time() - started
    _collect(comm, parts, mine, out)
    return f"{row_kernel.told()} in each, {ranks.balance(workers, busy)}"


@contextlib.contextmanager
def _counter(workers: Workers) -> Iterator[Callable[[bool], int]]:
    """Give a function that draws the next number, or with True sets it to 0."""
    from mpi4py import MPI  # noqa: PLC0415

    comm = workers.comm
    counter = MPI.Win.Allocate(8 if comm.rank == 0 else 0, 8, comm=comm)
    one, zero, got = np.array([1], "i8"), np.array([0], "i8"), np.empty(1, "i8")
    counter.Lock_all()

    def draw(anew: bool) -> int:
        if not anew:
            counter.Fetch_and_op(one, got, 0, op=MPI.SUM)
        elif comm.rank == 0:
            counter.Fetch_and_op(zero, got, 0, op=MPI.REPLACE)
        counter.Flush(0)
        return int(got[0])

    ranks.free_at_end(lambda: _free(counter))
    yield draw


def _free(counter: Any) -> None:
    counter.Unlock_all()
    counter.Free()


def _collect(
    comm: Any, parts: list[tuple[int, range]], mine: list[tuple[int, Int32Array]], out: Int32Array
) -> None:
    drawn = comm.gather([number for number, _ in mine])
    if comm.rank != 0:
        for _, block in mine:
            comm.Send(block, 0)
        return
    for number, block in mine:
        first, part = parts[number]
        out[first : first + len(part)] = block
    for rank, numbers in enumerate(drawn[1:], start=1):
        for number in numbers:
            first, part = parts[number]
            comm.Recv(out[first : first + len(part)], rank)
