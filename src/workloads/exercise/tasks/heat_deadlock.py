"""Send and Recv in an order in which no rank waits for ever (MPI)."""

from __future__ import annotations

import time
from typing import Any

from hpcpy_common.errors import HpcpyError
from workloads.exercise.halos import strip, wrong_halo
from workloads.exercise.judging import common_numbers, missing, watched, world
from workloads.exercise.tasks import mpi_exercise

EXERCISE = mpi_exercise("heat mpi-send", "exchange", "around")
# Many times what a busy machine takes for a message; a Recv waits longer, as one that waits for
# ever may do it for a rank that does so in Send. Of several ranks the first one says it.
_SEND_SECONDS = 15.0
_RECV_SECONDS = 20.0
_MORE_SECONDS = 0.5


def judge(module: Any) -> str:
    comm, used, met = world(), set[str](), list[int]()
    plate, block, up, down = strip(comm)
    module.exchange(_long_messages(watched(comm, used), met), block, up, down)
    for call in "Send", "Recv":
        if wrong := missing(comm, used, call, "this exercise is about their order"):
            return wrong
    return wrong_halo(comm, plate, block) or _in_turn(comm, met, 4)


def _in_turn(comm: Any, met: list[int], most: int) -> str:
    """Say that more than `most` messages wait for each other."""
    if (count := in_turn(comm.allgather(met))) <= most:
        return ""
    enough = f"where {most} are enough: a rank finishes with one neighbour before the other"
    return f"right, but {count} messages come one after the other, {enough}"


def in_turn(met: list[list[int]]) -> int:
    """Return how many long messages come one after the other.

    `met` are the ranks that each rank has sent to or received from, in its order.
    """
    count = 0
    while ready := [rank for rank, own in enumerate(met) if own and met[own[0]][:1] == [rank]]:
        for rank in ready:
            del met[rank][0]
        count += 1
    return count


def _long_messages(comm: Any, met: list[int]) -> Any:
    """Return a communicator whose Send waits for its Recv, as with a message of megabytes.

    Neither waits for ever: an error says which call would. The other rank is added to `met`.
    """
    from mpi4py import MPI

    more = _MORE_SECONDS * comm.rank

    def wait(request: Any, seconds: float, why: str, status: Any = None) -> None:
        end = time.monotonic() + seconds + more
        while not request.Test(status):
            if time.monotonic() > end:
                raise HpcpyError(f"rank {comm.rank} waits for ever in {why}")
            time.sleep(0.001)

    class Long(type(comm)):  # type: ignore[misc]
        def Send(self, buf: Any, dest: int, tag: int = 0) -> None:  # noqa: N802  (MPI's name)
            request = self.Issend(buf, dest, tag)
            wait(request, _SEND_SECONDS, f"Send: rank {dest} does not receive")
            met.extend([dest] * (dest >= 0))  # nobody is beyond the plate

        def Recv(  # noqa: N802
            self,
            buf: Any,
            source: int = MPI.ANY_SOURCE,
            tag: int = MPI.ANY_TAG,
            status: Any = None,
        ) -> None:
            request, status = self.Irecv(buf, source, tag), status or MPI.Status()
            who = f"rank {source} does not send" if source >= 0 else "nobody sends"
            wait(request, _RECV_SECONDS, f"Recv: {who}", status)
            other = status.Get_source() if source == MPI.ANY_SOURCE else source
            met.extend([other] * (other >= 0))

    return Long(comm)


def judge_second(module: Any) -> str:
    import numpy as np
    from mpi4py import MPI

    everybody, used = world(), set[str]()
    # All of them first: then those that are left out have been asked, too.
    for size in range(everybody.size, everybody.size // 2, -1):
        comm = everybody.Split(0 if everybody.rank < size else MPI.UNDEFINED, everybody.rank)
        if comm == MPI.COMM_NULL:
            continue
        rows, other = common_numbers(comm).random((size, 5)), np.zeros(5)
        row = rows[comm.rank].copy()
        met = list[int]()
        module.around(_long_messages(watched(comm, used), met), row, other)
        if wrong := missing(comm, used, "Send", "this exercise is about its order"):
            return wrong
        if (other != rows[comm.rank - 1]).any() or (row != rows[comm.rank]).any():
            return f"of {size} ranks rank {comm.rank} does not have the row of the rank before"
        if wrong := _in_turn(comm, met, 3):
            return wrong
    return ""
