"""How long a start takes on many ranks: a closed queueing network, in a page.

Each rank is a customer of the metadata server. It asks, computes, and asks again until its
program has begun. `response` is the exact mean-value analysis of one queueing station with a
delay: M. Reiser and S. Lavenberg, Mean-Value Analysis of Closed Multichain Queuing Networks,
J. ACM 27 (1980), and E. Lazowska, J. Zahorjan, G. Graham and K. Sevcik, Quantitative System
Performance (1984), chapter 6.

What each node asks once, it asks in the first moment. So all nodes wait in one queue, whose
time is added and not spread over the start.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

# By what it was compared with: the median and the largest relative error. The figures are of
# `benchmarks/forecast.py`.
ERRORS = {
    "NIH, conda as files on NFS, 10 to 5,120 interpreters": (0.09, 0.28),
    "NIH, a container on NFS, 10 to 320 nodes": (0.13, 0.47),
    "make storm, 2 to 64 ranks on one busy machine": (0.25, 1.75),
    "make storm, 1 to 8 ranks and a server of 60 requests a second": (0.02, 0.07),
    "in a SIF, baked and staged, 4 and 8 ranks, 20 requests a second": (0.26, 1.09),
}


@functools.lru_cache(maxsize=64)
def response(demand: float, think: float, most: int) -> tuple[float, ...]:
    """Return the seconds of a customer's round, for 1, 2 … `most` customers.

    Parameters
    ----------
    demand
        Seconds of the station that a round takes.
    think
        Seconds of a round in which a customer waits for no other.
    most
        The most customers.
    """
    if not demand:
        return (think,) * most
    waiting, rounds = 0.0, []
    for customers in range(1, most + 1):
        at_station = demand * (1 + waiting)
        rounds.append(think + at_station)
        waiting = customers * at_station / rounds[-1]
    return tuple(rounds)


@dataclass(frozen=True)
class FileSystem:
    """What a shared file system gives."""

    rate: float  # Metadata operations a second, to all nodes together
    latency: float  # Seconds of one operation when nobody else asks
    node_rate: float  # Operations a second that one node can ask for
    link: float  # Bytes a second to one node
    storage: float  # Bytes a second to all nodes together


@dataclass(frozen=True)
class Start:
    """What the start of a program takes."""

    think: float  # Seconds in which a rank asks nobody: above all its processor time
    by_rank: float = 0.0  # Metadata operations of each rank
    by_node: float = 0.0  # Metadata operations that each node does once
    node_bytes: float = 0.0  # Bytes that each node reads once from the shared storage


def seconds(start: Start, files: FileSystem, ranks: int, per_node: int, most: int = 0) -> float:
    """Return the seconds from the launch to the last rank's start.

    Parameters
    ----------
    start
        What each rank and node takes.
    files
        The file system.
    ranks, per_node
        How many ranks there are in all, and on a node.
    most
        The most ranks that are going to be asked for: one cached computation serves all.
    """
    nodes = math.ceil(ranks / per_node)
    queue = (nodes - 1) * (start.by_node / files.rate + start.node_bytes / files.storage)
    first = start.by_node * files.latency
    first += start.node_bytes / min(files.link, files.storage)
    # The server's own time is part of the latency that one client sees.
    served = start.by_rank / files.rate
    think = start.think + max(0.0, start.by_rank * files.latency - served)
    by_server = response(served, think, max(ranks, most))[ranks - 1]
    by_client = response(start.by_rank / files.node_rate, start.think, min(ranks, per_node))[-1]
    return queue + first + max(by_server, by_client)
