"""How long each way to start a program takes on many ranks: a closed queueing network.

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

RANKS = tuple(1 << power for power in range(18))
WAYS = {
    "as is": "each rank asks for each file",
    "in a SIF": "one image, one mount a node (--sharens)",
    "baked": "the static interpreter with all modules in it, as plain files",
    "one file": "the interpreter and all modules as one file, read from the file system",
    "staged": "the image read once and copied from node to node",
}
# Metadata operations of a cold start, medians of docs/results/storm.json: with one mount of
# an image on each node, and with the static interpreter as plain files; of
# docs/results/storm-first.json: with the interpreter as one file.
_IMAGE_BY_NODE, _IMAGE_BY_RANK = 24, 0.1
_FILES_BY_NODE, _FILES_BY_RANK = 22, 8
_FILE_BY_NODE, _FILE_BY_RANK = 4, 3
# Seconds of `apptainer exec … true` on a fresh mount: docs/results/cold.json.
_CONTAINER = 0.12
# Processor time of eight packages' start, baked relative to wheels: docs/results/bake.json.
_BAKED_CPU = 0.50


@functools.lru_cache(maxsize=64)
def response(demand: float, think: float, most: int) -> tuple[float, ...]:
    """Return the seconds of a customer's round, for 1, 2 … `most` customers.

    A round takes `demand` seconds of the station, and `think` in which it waits for no other.
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


@dataclass(frozen=True)
class Start:
    """What the start of a program takes."""

    think: float  # Seconds in which a rank asks nobody: above all its processor time
    by_rank: float = 0.0  # Metadata operations of each rank
    by_node: float = 0.0  # Metadata operations that each node does once
    node_bytes: float = 0.0  # Bytes that each node reads once from the shared storage


def seconds(start: Start, files: FileSystem, ranks: int, per_node: int) -> float:
    """Return the seconds from the launch to the last rank's start."""
    nodes = math.ceil(ranks / per_node)
    queue = (nodes - 1) * start.by_node / files.rate
    first = start.by_node * files.latency + start.node_bytes / files.link
    # The server's own time is part of the latency that one client sees.
    served = start.by_rank / files.rate
    think = start.think + max(0.0, start.by_rank * files.latency - served)
    by_server = response(served, think, ranks)[-1]
    by_client = response(start.by_rank / files.node_rate, start.think, min(ranks, per_node))[-1]
    return queue + first + max(by_server, by_client)


@dataclass(frozen=True)
class Program:
    """What was counted of a start."""

    cpu: float  # Seconds of processor time, warm
    calls: int  # Calls with a path that may ask the shared file system
    own: int  # Those of the calls outside of Python's folders: an image does not save them
    looked: int  # Of these, looks at a folder again, one an import: a module in memory needs none
    file_bytes: int  # The size of all opened files, each counted once: a node reads no more
    opened: int = 0  # How many of the calls open a file


@dataclass(frozen=True)
class Setting:
    """What the forecast is for."""

    program: Program
    files: FileSystem
    per_node: int  # Ranks on a node
    image_bytes: float  # The size of the image that is staged

    def start(self, way: str, ranks: int) -> Start:
        """Return what a way takes of each rank and node."""
        program = self.program
        cpu, own = program.cpu, program.own
        if way == "as is":
            return Start(cpu, program.calls, node_bytes=program.file_bytes)
        if way == "in a SIF":
            by_rank = _IMAGE_BY_RANK + own
            return Start(_CONTAINER + cpu, by_rank, _IMAGE_BY_NODE, program.file_bytes)
        if way == "baked":
            by_rank = _FILES_BY_RANK + own - program.looked
            return Start(_BAKED_CPU * cpu, by_rank, _FILES_BY_NODE, program.file_bytes)
        if way == "one file":
            by_rank = _FILE_BY_RANK + own - program.looked
            return Start(_BAKED_CPU * cpu, by_rank, _FILE_BY_NODE, program.file_bytes)
        # Each node that has the image passes it on.
        rounds = 1 + math.ceil(math.log2(math.ceil(ranks / self.per_node)))
        return Start(rounds * self.image_bytes / self.files.link + _CONTAINER + cpu, own)


def forecast(setting: Setting) -> dict[str, list[float]]:
    """Return the model's seconds to the last rank, for each way and each of `RANKS`."""
    files, per_node = setting.files, setting.per_node
    return {
        way: [seconds(setting.start(way, ranks), files, ranks, per_node) for ranks in RANKS]
        for way in WAYS
    }


def pays_from(times: dict[str, list[float]]) -> dict[str, int | None]:
    """Return for each way the ranks from which on it is always faster than as is, or None."""
    base, *_ = times.values()
    pays: dict[str, int | None] = {}
    for way, column in list(times.items())[1:]:
        slower = [at for at, took in enumerate(column) if took >= base[at]]
        first = slower[-1] + 1 if slower else 0
        pays[way] = RANKS[first] if first < len(RANKS) else None
    return pays
