"""A halo, filled by Sendrecv: which row goes where (MPI)."""

from __future__ import annotations

from typing import Any

from workloads.exercise.judging import missing, strip, watched, wrong_halo
from workloads.exercise.tasks import Exercise, Second

EXERCISE = Exercise(
    slide="heat mpi-sendrecv",
    function="exchange",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
Each rank has a strip of a plate: `block`, an array with its rows, and one more above and below
them for the rows of its neighbours, the halo. Fill both by comm.Sendrecv. `up` and `down` are
the ranks of the neighbours; at the ends of the plate MPI.PROC_NULL, from which nothing comes.

comm.Sendrecv(row, dest, recvbuf=other, source=rank) sends one row and receives another.
""",
    given='''
def exchange(comm, block, up, down):
    """Fill the first and the last row of `block`."""
    raise NotImplementedError("one Sendrecv upwards, one downwards")
''',
    solution="""
    comm.Sendrecv(block[1], up, recvbuf=block[-1], source=down)
    comm.Sendrecv(block[-2], down, recvbuf=block[0], source=up)
""",
    hint="What goes up comes from below: it is for block[-1], the lower halo.",
    second=Second(
        function="columns",
        task="""
Strips of columns now: fill the first and the last column of `block` by the neighbours' outer ones.
A column does not lie together in memory, and Sendrecv refuses it: send a copy, receive into an
array of its own, and mind the ends, where nothing comes and nothing may change.
""",
        given='''
def columns(comm, block, left, right):
    """Fill the first and the last column of `block`."""
    raise NotImplementedError("copies of columns, sent as the rows were")
''',
        solution="""
    halo = block[:, -1].copy()
    comm.Sendrecv(block[:, 1].copy(), left, recvbuf=halo, source=right)
    block[:, -1] = halo
    halo = block[:, 0].copy()
    comm.Sendrecv(block[:, -2].copy(), right, recvbuf=halo, source=left)
    block[:, 0] = halo
""",
        hint="halo = block[:, -1].copy() is an array that keeps, at an end, what the column has.",
    ),
)


def judge(module: Any) -> str:
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    plate, block, up, down = strip(comm)
    module.exchange(watched(comm, used), block, up, down)
    wrong = missing(comm, used, "Sendrecv", "it has no order to get wrong")
    return wrong or wrong_halo(comm, plate, block)


def judge_second(module: Any) -> str:
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    plate, rows, left, right = strip(comm)
    block = rows.T.copy()
    module.columns(watched(comm, used), block, left, right)
    wrong = missing(comm, used, "Sendrecv", "it has no order to get wrong")
    return wrong or wrong_halo(comm, plate, block.T).replace("row", "column")
