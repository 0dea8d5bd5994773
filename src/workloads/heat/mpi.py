"""MPI: each rank has a part of the plate, and gets its neighbours' outer rows before each step.

Such rows are the halo. The techniques differ in how they come, and in what a rank does
meanwhile.
"""

from __future__ import annotations

import atexit
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numba
import numpy as np
from mpi4py import MPI

from hpcpy_common import machine
from workloads.heat.compiled import sweep, threaded_sweep
from workloads.heat.plate import Plate, march, strips

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Solved, Step

    Exchange: TypeAlias = Callable[[Float64Array], object]
    Compute: TypeAlias = Callable[[Float64Array, Float64Array, int, int], object]


class Strip:
    """A rank's rows, in two arrays of (rows + 2, n + 2): the first and last row are the halo."""

    def __init__(self, plate: Plate, comm: MPI.Comm) -> None:
        self.plate, self.comm = plate, comm
        self.bounds = strips(plate.n, comm.size)
        self.first, self.last = self.bounds[comm.rank : comm.rank + 2]
        self.rows = self.last - self.first
        self.arrays = plate.start(slice(self.first - 1, self.last + 1))
        # Nobody is above the first rank: what is sent there goes nowhere, at no cost.
        self.up = comm.rank - 1 if comm.rank else MPI.PROC_NULL
        self.down = comm.rank + 1 if comm.rank < comm.size - 1 else MPI.PROC_NULL

    def exchange(self, old: Float64Array) -> None:
        """Fill the halo: each call sends to one side and receives from the other."""
        self.comm.Sendrecv(old[1], self.up, recvbuf=old[-1], source=self.down)
        self.comm.Sendrecv(old[-2], self.down, recvbuf=old[0], source=self.up)

    def solve(self, step: Step) -> Solved:
        """Do all steps, and collect the strips on the first rank."""
        # A collective in the loop, with --until: all ranks wait for the slowest.
        solved = march(
            self.plate, *self.arrays, step, lambda change: self.comm.allreduce(change, MPI.MAX)
        )
        rows = solved.field[1:-1]
        field = np.zeros((self.plate.n + 2,) * 2) if self.comm.rank == 0 else None
        counts = self.comm.gather(rows.size)
        self.comm.Gatherv(rows, None if field is None else [field[1:-1], counts])
        return solved._replace(field=field)


def solve_after(strip: Strip, exchange: Exchange, compute: Compute = sweep) -> Solved:
    """Do all steps: `exchange` fills an array's halo, and then all rows are computed."""

    def step(old: Float64Array, new: Float64Array) -> None:
        exchange(old)
        compute(old, new, 1, strip.rows + 1)

    return strip.solve(step)


def solve_meanwhile(strip: Strip, start: Callable[[Float64Array], list[Any]]) -> Solved:
    """Do all steps: `start` has the halo filled; the inner rows, which need none, meanwhile."""

    # Functions of Python: a trace shows them, and not those of MPI and Numba.
    def inner(old: Float64Array, new: Float64Array) -> None:
        sweep(old, new, 2, strip.rows)

    def wait(halo: list[Any]) -> None:
        MPI.Request.Waitall(halo)

    def outer(old: Float64Array, new: Float64Array) -> None:
        # The first row and the last, which may be the same.
        for row in {1, strip.rows}:
            sweep(old, new, row, row + 1)

    def step(old: Float64Array, new: Float64Array) -> None:
        halo = start(old)
        inner(old, new)
        wait(halo)
        outer(old, new)

    return strip.solve(step)


def send_recv(plate: Plate, comm: MPI.Comm) -> Solved:
    """Let even ranks send first: if all did, long rows would go one after the other at best."""
    strip = Strip(plate, comm)
    up, down = strip.up, strip.down

    def exchange(old: Float64Array) -> None:
        if comm.rank % 2 == 0:
            comm.Send(old[-2], down)
            comm.Recv(old[-1], down)
            comm.Send(old[1], up)
            comm.Recv(old[0], up)
        else:
            comm.Recv(old[0], up)
            comm.Send(old[1], up)
            comm.Recv(old[-1], down)
            comm.Send(old[-2], down)

    return solve_after(strip, exchange)


def sendrecv(plate: Plate, comm: MPI.Comm) -> Solved:
    """Leave the order of sending and receiving to MPI."""
    strip = Strip(plate, comm)
    return solve_after(strip, strip.exchange)


def overlap(plate: Plate, comm: MPI.Comm) -> Solved:
    """Send early, compute what needs no halo while it is under way, and wait last."""
    strip = Strip(plate, comm)
    up, down = strip.up, strip.down

    def start(old: Float64Array) -> list[Any]:
        halo = [comm.Irecv(old[0], up), comm.Irecv(old[-1], down)]
        return [*halo, comm.Isend(old[1], up), comm.Isend(old[-2], down)]

    return solve_meanwhile(strip, start)


def persistent(plate: Plate, comm: MPI.Comm) -> Solved:
    """Say once what goes to whom, and start it at each step; the inner rows meanwhile."""
    strip = Strip(plate, comm)
    up, down = strip.up, strip.down
    # A request is bound to its buffer, so each of both arrays has its own.
    halos = {}
    for old in strip.arrays:
        halo = [comm.Recv_init(old[0], up), comm.Recv_init(old[-1], down)]
        halos[id(old)] = [*halo, comm.Send_init(old[1], up), comm.Send_init(old[-2], down)]

    def start(old: Float64Array) -> list[Any]:
        MPI.Prequest.Startall(halos[id(old)])
        return halos[id(old)]

    solved = solve_meanwhile(strip, start)
    for halo in halos.values():
        for request in halo:
            request.Free()
    return solved


def one_sided(plate: Plate, comm: MPI.Comm) -> Solved:
    """Put the own rows into the neighbours' halos; those take part in the fences alone."""
    strip = Strip(plate, comm)
    up, down = strip.up, strip.down
    windows = {id(old): MPI.Win.Create(old, old.itemsize, comm=comm) for old in strip.arrays}
    for window in windows.values():
        atexit.register(window.Free)  # after a stop: MPI_Finalize fails where one is left
    # Where the upper neighbour has its lower halo: strips may differ by a row.
    rows = strip.bounds[up + 1] - strip.bounds[up] if comm.rank else 0
    below = (rows + 1) * (plate.n + 2)

    def exchange(old: Float64Array) -> None:
        window = windows[id(old)]
        window.Fence()
        window.Put(old[1], up, target=below)
        window.Put(old[-2], down, target=0)
        window.Fence()

    solved = solve_after(strip, exchange)
    for window in windows.values():
        atexit.unregister(window.Free)
        window.Free()
    return solved


def hybrid(plate: Plate, comm: MPI.Comm) -> Solved:
    """Share each rank's rows among its threads: fewer ranks, fewer and longer messages."""
    strip = Strip(plate, comm)
    # Its share of the node's cores: more threads than cores would wait for each other.
    node = comm.Split_type(MPI.COMM_TYPE_SHARED)
    threads = machine.share(node.allgather(machine.place()))
    node.Free()
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
    note = f"{threads} thread{'s' if threads > 1 else ''} in each"
    return solve_after(strip, strip.exchange, threaded_sweep)._replace(note=note)


def cartesian(plate: Plate, comm: MPI.Comm) -> Solved:
    """Let MPI lay the ranks out as a grid, and one collective exchange all four sides.

    A block has less edge for its area than a strip: of p ranks each sends 4 n / √p numbers and
    not 2 n. A row lies together in memory, a column does not: a derived type describes it.
    """
    grid = comm.Create_cart(MPI.Compute_dims(comm.size, 2))
    (top, bottom), (left, right) = (
        strips(plate.n, count)[place : place + 2]
        for count, place in zip(grid.dims, grid.coords, strict=True)
    )
    old, new = (
        np.ascontiguousarray(rows[:, left - 1 : right + 1])
        for rows in plate.start(slice(top - 1, bottom + 1))
    )
    height, width = old.shape
    row = MPI.DOUBLE.Create_contiguous(width - 2).Commit()
    column = MPI.DOUBLE.Create_vector(height - 2, 1, width).Commit()
    # In the order of the neighbours: up, down, left, right; where each side begins, in bytes.
    counts, types = [1, 1, 1, 1], [row, row, column, column]
    sides = [(1, 1), (height - 2, 1), (1, 1), (1, width - 2)]
    halos = [(0, 1), (height - 1, 1), (1, 0), (1, width - 1)]
    sent, received = (
        [y * old.strides[0] + x * old.strides[1] for y, x in places] for places in (sides, halos)
    )

    def step(old: Float64Array, new: Float64Array) -> None:
        grid.Neighbor_alltoallw([old, counts, sent, types], [old, counts, received, types])
        sweep(old, new, 1, height - 1)

    solved = march(plate, old, new, step, lambda change: grid.allreduce(change, MPI.MAX))
    blocks = grid.gather((slice(top, bottom), slice(left, right), solved.field[1:-1, 1:-1]))
    field = None
    if blocks is not None:
        field = np.zeros((plate.n + 2,) * 2)
        for rows, columns, block in blocks:
            field[rows, columns] = block
    share = 2 * sum(count - 1 for count in grid.dims) / plate.n
    note = f"{' × '.join(map(str, grid.dims))} blocks send {share:.2g} numbers for each point"
    for each in (row, column, grid):
        each.Free()
    return solved._replace(field=field, note=note if share else "")


if __name__ == "__main__":
    found = overlap(Plate(512, 100), MPI.COMM_WORLD).field
    if found is not None:  # on the first rank
        print(found)
