"""MPI: each rank has a strip of rows, and gets a row of each neighbour's before each step.

Such rows are the halo. The techniques differ in how they come, and in what a rank does
meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from hpcpy_common import machine
from workloads.heat.compiled import sweep, threaded_sweep
from workloads.heat.plate import march
from workloads.heat.processes import strips

if TYPE_CHECKING:
    from workloads.bench.workload import Float64Array
    from workloads.heat.plate import Plate, Solved
    from workloads.parallel.workers import Workers

    Step: TypeAlias = Callable[[Float64Array, Float64Array], object]


class Strip:
    """A rank's rows, in two arrays of (rows + 2, n + 2): the first and last row are the halo."""

    def __init__(self, plate: Plate, comm: Any) -> None:
        from mpi4py import MPI  # noqa: PLC0415

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

    def solve(self, step: Step, note: str = "") -> Solved:
        """Do all steps, and collect the strips on the first rank."""
        from mpi4py import MPI  # noqa: PLC0415

        # A collective in the loop, with --until: all ranks wait for the slowest.
        largest = lambda mine: self.comm.allreduce(mine, MPI.MAX)  # noqa: E731
        solved = march(self.plate, *self.arrays, step, largest)
        mine = solved.field[1:-1]
        whole = np.zeros((self.plate.n + 2,) * 2) if self.comm.rank == 0 else None
        counts = self.comm.gather(mine.size)
        self.comm.Gatherv(mine, None if whole is None else [whole[1:-1], counts])
        return solved._replace(field=whole, note=note)


def send_recv(plate: Plate, workers: Workers) -> Solved:
    """Send and receive in turn: were all to send first, all would wait for ever."""
    strip = Strip(plate, workers.comm)
    comm, up, down = strip.comm, strip.up, strip.down

    def step(old: Float64Array, new: Float64Array) -> None:
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
        sweep(old, new, 1, strip.rows + 1)

    return strip.solve(step, "even ranks send first")


def sendrecv(plate: Plate, workers: Workers) -> Solved:
    """Leave the order of sending and receiving to MPI."""
    strip = Strip(plate, workers.comm)

    def step(old: Float64Array, new: Float64Array) -> None:
        strip.exchange(old)
        sweep(old, new, 1, strip.rows + 1)

    return strip.solve(step)


def overlap(plate: Plate, workers: Workers) -> Solved:
    """Compute the inner rows, which need no halo, while it is under way."""
    from mpi4py import MPI  # noqa: PLC0415

    strip = Strip(plate, workers.comm)
    comm, up, down = strip.comm, strip.up, strip.down

    def step(old: Float64Array, new: Float64Array) -> None:
        halo = [comm.Irecv(old[0], up), comm.Irecv(old[-1], down)]
        halo += [comm.Isend(old[1], up), comm.Isend(old[-2], down)]
        sweep(old, new, 2, strip.rows)
        MPI.Request.Waitall(halo)
        _sweep_edges(old, new, strip.rows)

    return strip.solve(step, "inner rows meanwhile")


def persistent(plate: Plate, workers: Workers) -> Solved:
    """Say once what goes to whom, and start it at each step; the inner rows meanwhile."""
    from mpi4py import MPI  # noqa: PLC0415

    strip = Strip(plate, workers.comm)
    comm, up, down = strip.comm, strip.up, strip.down
    # A request is bound to its buffer, so each of both arrays has its own.
    halos = {
        id(array): [
            *(comm.Recv_init(array[0], up), comm.Recv_init(array[-1], down)),
            *(comm.Send_init(array[1], up), comm.Send_init(array[-2], down)),
        ]
        for array in strip.arrays
    }

    def step(old: Float64Array, new: Float64Array) -> None:
        MPI.Prequest.Startall(halos[id(old)])
        sweep(old, new, 2, strip.rows)
        MPI.Request.Waitall(halos[id(old)])
        _sweep_edges(old, new, strip.rows)

    solved = strip.solve(step, "inner rows meanwhile")
    for halo in halos.values():
        for request in halo:
            request.Free()
    return solved


def one_sided(plate: Plate, workers: Workers) -> Solved:
    """Put the own rows into the neighbours' halos; those take part in the fences alone."""
    from mpi4py import MPI  # noqa: PLC0415

    strip = Strip(plate, workers.comm)
    comm, up, down = strip.comm, strip.up, strip.down
    windows = {
        id(array): MPI.Win.Create(array, array.itemsize, comm=comm) for array in strip.arrays
    }
    # Where the upper neighbour has its lower halo: strips may differ by a row.
    rows = strip.bounds[up + 1] - strip.bounds[up] if comm.rank else 0
    below = (rows + 1) * (plate.n + 2)

    def step(old: Float64Array, new: Float64Array) -> None:
        window = windows[id(old)]
        window.Fence()
        window.Put(old[1], up, target=below)
        window.Put(old[-2], down, target=0)
        window.Fence()
        sweep(old, new, 1, strip.rows + 1)

    solved = strip.solve(step)
    for window in windows.values():
        window.Free()
    return solved


def hybrid(plate: Plate, workers: Workers) -> Solved:
    """Share each rank's rows among its threads: fewer ranks, fewer and longer messages."""
    import numba  # noqa: PLC0415
    from mpi4py import MPI  # noqa: PLC0415

    strip = Strip(plate, workers.comm)
    # Its share of the node's cores: more threads than cores would wait for each other.
    node = strip.comm.Split_type(MPI.COMM_TYPE_SHARED)
    places = node.allgather(machine.place())
    node.Free()
    # Launchers bind each rank to cores of its own, or bind none.
    allowed = frozenset().union(*(each.allowed for each in places))
    threads = max(1, places[0]._replace(allowed=allowed).cores() // len(places))
    numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))

    def step(old: Float64Array, new: Float64Array) -> None:
        strip.exchange(old)
        threaded_sweep(old, new, 1, strip.rows + 1)

    return strip.solve(step, f"{threads} thread{'s' if threads > 1 else ''} in each")


def _sweep_edges(old: Float64Array, new: Float64Array, rows: int) -> None:
    """Do the first row and the last, which may be the same."""
    for row in {1, rows}:
        sweep(old, new, row, row + 1)
