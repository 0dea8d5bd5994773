"""Who sends to whom, again and again: the two things that are timed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workloads.p2p.channel import Channel


def ping_pong(channel: Channel, comm: Any, times: int) -> list[float]:
    """Send a message from the first rank to the last and one back.

    Returns
    -------
    list
        On the first rank half the seconds of each round trip; empty on the others.
    """
    last = comm.size - 1
    seconds = []
    if comm.rank == 0:
        for _ in range(times):
            began = time.perf_counter()
            channel.send(last)
            channel.receive(last)
            seconds.append((time.perf_counter() - began) / 2)
    elif comm.rank == last:
        for _ in range(times):
            channel.receive(0)
            channel.send(0)
    return seconds


def exchange(channel: Channel, comm: Any, times: int) -> list[float]:
    """Send to the next rank of a ring and receive from the one before.

    Returns
    -------
    list
        The seconds of each step.
    """
    dest, source = (comm.rank + 1) % comm.size, (comm.rank - 1) % comm.size
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        channel.swap(dest, source)
        seconds.append(time.perf_counter() - began)
    return seconds


PATTERNS: dict[str, Callable[[Channel, Any, int], list[float]]] = {
    "ping-pong": ping_pong,
    "exchange": exchange,
}


def sender(pattern: str, rank: int, size: int) -> int | None:
    """Return the rank that a rank receives from, or None if it only waits."""
    if pattern == "exchange":
        return (rank - 1) % size
    return {0: size - 1, size - 1: 0}.get(rank)
