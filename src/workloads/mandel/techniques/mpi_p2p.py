"""MPI: rank 0 sends groups of rows to the others, one at a time, and collects.

The pattern that every MPI course begins with: blocking send and receive. The
manager computes nothing, so n ranks do the work of n - 1; yet it keeps a core
busy, since it polls.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.mandel import row_kernel
from workloads.mandel.blocks import groups
from workloads.parallel import ranks

if TYPE_CHECKING:
    from workloads.bench.arrays import Int32Array
    from workloads.mandel.grid import Grid
    from workloads.parallel.workers import Workers

    Groups = list[tuple[int, range]]

# Sent in place of a group's number when nothing is left to do.
_STOP = -1


def compute(grid: Grid, rows: range, out: Int32Array, workers: Workers) -> str:
    """Fill `out` on rank 0, which hands out the groups."""
    comm = workers.comm
    parts = groups(rows, grid.width, max(1, comm.size - 1))
    busy = 0.0
    if comm.size == 1:
        row_kernel.load()[1](*grid.axes(rows), grid.maxiter, out)
        return f"{row_kernel.told()}; one rank has nobody to send to and computes itself"
    if comm.rank == 0:
        _manage(comm, parts, out)
    else:
        busy = _work(comm, grid, parts)
    return (
        f"{row_kernel.told()} in {comm.size - 1} workers, rank 0 manages, "
        f"{ranks.balance(workers, busy)}"
    )


def _manage(comm: Any, parts: Groups, out: Int32Array) -> None:
    from mpi4py import MPI  # noqa: PLC0415

    status = MPI.Status()
    waiting = iter(range(len(parts)))
    has: dict[int, int] = {}
    for rank in range(1, comm.size):
        has[rank] = next(waiting, _STOP)
        comm.Send(np.array([has[rank]], "i8"), dest=rank)
    while any(number != _STOP for number in has.values()):
        comm.Probe(status=status)
        rank = status.source
        first, part = parts[has[rank]]
        comm.Recv(out[first : first + len(part)], rank)
        has[rank] = next(waiting, _STOP)
        comm.Send(np.array([has[rank]], "i8"), dest=rank)


def _work(comm: Any, grid: Grid, parts: Groups) -> float:
    """Compute what rank 0 asks for; return the processor time it took."""
    busy = 0.0
    number = np.empty(1, "i8")
    while True:
        comm.Recv(number, source=0)
        if number[0] == _STOP:
            return busy
        started = time.process_time()
        block = row_kernel.rows(grid, parts[number[0]][1])
        busy += time.process_time() - started
        comm.Send(block, 0)
