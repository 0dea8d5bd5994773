"""The clocks of the nodes, compared with that of the first rank's node."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Rounds, of which the fastest counts: others have waited for a core, or in a queue.
_ROUNDS = 30


@dataclass(frozen=True)
class Reading:
    """A clock beside that of the first rank's node.

    Parameters
    ----------
    at
        This node's time, in seconds.
    behind
        The seconds to add to it for the first node's time.
    within
        The seconds by which `behind` may be wrong at most.
    """

    at: float = 0.0
    behind: float = 0.0
    within: float = 0.0


def read(comm: Any, now: Callable[[], float] = time.monotonic) -> Reading:
    """Compare this node's clock with the first's; all ranks call this together.

    Parameters
    ----------
    comm
        The communicator.
    now
        The clock, which all processes of a node share.
    """
    from mpi4py import MPI  # noqa: PLC0415

    node = comm.Split_type(MPI.COMM_TYPE_SHARED, comm.rank)
    speakers = comm.Split(0 if node.rank == 0 else MPI.UNDEFINED, comm.rank)
    found = Reading()
    if speakers != MPI.COMM_NULL:
        for other in range(1, speakers.size):
            if speakers.rank == 0:
                _answer(speakers, other, now)
            elif speakers.rank == other:
                found = _ask(speakers, now)
        speakers.Free()
    of_node: Reading = node.bcast(found)
    node.Free()
    return of_node


def _answer(comm: Any, other: int, now: Callable[[], float]) -> None:
    for _ in range(_ROUNDS):
        comm.Recv(array("d", [0]), other)
        comm.Send(array("d", [now()]), other)


def _ask(comm: Any, now: Callable[[], float]) -> Reading:
    readings = []
    for _ in range(_ROUNDS):
        theirs = array("d", [0])
        asked = now()
        comm.Send(theirs, 0)
        comm.Recv(theirs, 0)
        half = (now() - asked) / 2
        readings.append(Reading(asked + half, theirs[0] - asked - half, half))
    return min(readings, key=lambda reading: reading.within)


def corrected(start: Reading, end: Reading) -> Callable[[float], float]:
    """Return a function that converts this node's microseconds to the first node's.

    Parameters
    ----------
    start, end
        Readings before and after: in between, two clocks drift apart steadily.
    """
    took = end.at - start.at
    rate = (end.behind - start.behind) / took if took > 0 else 0.0

    def shifted(microseconds: float) -> float:
        since = microseconds / 1e6 - start.at
        return microseconds + (start.behind + rate * since) * 1e6

    return shifted
