"""Send and Recv in an order in which no rank waits for ever; checked on 1 and 4 ranks."""

from __future__ import annotations

import time
from typing import Any

from hpcpy_common.errors import WorkloadError
from workloads.exercise.judging import missing, strip, watched, wrong_halo
from workloads.exercise.tasks import Exercise

EXERCISE = Exercise(
    slide="heat mpi-send",
    function="exchange",
    needs=("numpy", "mpi4py"),
    ranks=(1, 4),
    task="""
Fill the first and the last row of `block`, the halo, by the neighbours' outer rows. block[1]
goes up and block[-2] down; `up` and `down` are MPI.PROC_NULL at the ends of the plate.

Use comm.Send(row, dest) and comm.Recv(row, source). Send may wait until somebody receives: MPI
copies short messages, and long ones not. If all ranks send first, all of them wait, with long
rows alone. Let even ranks send first and odd ranks receive first.
""",
    given='''
def exchange(comm, block, up, down):
    """Fill the first and the last row of `block`."""
    raise NotImplementedError("even ranks send first, odd ranks receive first")
''',
    solution="""
    if comm.rank % 2 == 0:
        comm.Send(block[-2], down)
        comm.Recv(block[-1], down)
        comm.Send(block[1], up)
        comm.Recv(block[0], up)
    else:
        comm.Recv(block[0], up)
        comm.Send(block[1], up)
        comm.Recv(block[-1], down)
        comm.Send(block[-2], down)
""",
    hint="Follow one message: whoever sends downwards meets a rank that receives from above.",
)
# Many times what a busy machine takes for a message.
_SECONDS = 15.0


def judge(module: Any) -> str:
    from mpi4py import MPI

    comm, used = MPI.COMM_WORLD, set[str]()
    block, up, down = strip(comm)
    module.exchange(_long_messages(watched(comm, used)), block, up, down)
    for call in "Send", "Recv":
        if wrong := missing(comm, used, call, "this exercise is about their order"):
            return wrong
    return wrong_halo(comm, block)


def _long_messages(comm: Any) -> Any:
    """Return a communicator whose Send waits for its Recv, as with a message of megabytes."""

    class Long(type(comm)):  # type: ignore[misc]
        def Send(self, buf: Any, dest: int, tag: int = 0) -> None:  # noqa: N802  (MPI's name)
            request, end = self.Issend(buf, dest, tag), time.monotonic() + _SECONDS
            while not request.Test():
                if time.monotonic() > end:
                    raise WorkloadError(
                        f"rank {self.rank} waits for ever in Send: rank {dest} does not receive"
                    )
                time.sleep(0.001)

    return Long(comm)
