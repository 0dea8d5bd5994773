"""How fast two nodes talk: a tenth of a second of messages between their first ranks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

_LARGE, _SMALL = 1 << 20, 8
# Seconds for each of two kinds of messages.  The first message of each makes connections, and is
# not counted.
_SECONDS = 0.05


@dataclass(frozen=True)
class Speed:
    """What MPI reaches between two nodes."""

    nodes: tuple[str, str]
    bandwidth: float  # bytes a second, one way, at best
    latency: float  # seconds, one way, at best

    def __str__(self) -> str:
        """Return it in words."""
        size, unit = self.bandwidth / 1e6, "MB/s"
        if size >= 1000:
            size, unit = size / 1000, "GB/s"
        return f"{size:.3g} {unit}, {self.latency * 1e6:.3g} µs"


def between_nodes(leaders: Any, host: str) -> Speed | None:
    """Let the first two of the nodes' first ranks talk; all get the answer.

    There is none on one node.
    """
    if leaders.size < 2:
        return None
    speed = None
    if leaders.rank < 2:
        small, large = (min(_round_trips(leaders, size)) for size in (_SMALL, _LARGE))
        other_host = leaders.sendrecv(host, 1 - leaders.rank, source=1 - leaders.rank)
        if leaders.rank == 0:
            speed = Speed((host, other_host), 2 * _LARGE / large, small / 2)
    answer: Speed | None = leaders.bcast(speed)
    return answer


def _round_trips(comm: Any, size: int) -> list[float]:
    """Return the seconds of each message from rank 0 to 1 and back, as rank 0 sees them."""
    buffer = bytearray(size)
    seconds: list[float] = []
    other, end = 1 - comm.rank, time.perf_counter() + _SECONDS
    is_last = False
    while not is_last:
        start = time.perf_counter()
        if comm.rank == 0:
            # At least two beside the first.
            buffer[0] = start >= end and len(seconds) > 1
            comm.Send(buffer, other)
            comm.Recv(buffer, other)
        else:
            comm.Recv(buffer, other)
            comm.Send(buffer, other)
        is_last = bool(buffer[0])
        seconds.append(time.perf_counter() - start)
    return seconds[1:]
