"""The ways to start a program on many ranks, as the model sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from workloads.forecast.model import FileSystem, Start, seconds

RANKS = tuple(1 << power for power in range(18))
WAYS = {
    "as is": "each rank asks for each file",
    "in a SIF": "one image, one mount a node (--sharens)",
    "baked": "the static interpreter with all modules in it, as plain files",
    "staged": "the image read once and copied from node to node",
    "by broadcast": "rank 0 imports and sends the modules by MPI",
}
# Metadata operations of a cold start, medians of docs/results/storm.json: with one mount of
# an image on each node, and with the static interpreter as plain files.
_IMAGE_BY_NODE, _IMAGE_BY_RANK = 24, 0.1
_FILES_BY_NODE, _FILES_BY_RANK = 22, 8
# The share of its operations that a rank still does if rank 0 sends the modules: Python and
# MPI have to start before. docs/results/storm.json.
_BROADCAST_BY_RANK = 0.14
# Seconds of `apptainer exec … true` on a fresh mount: docs/results/cold.json.
_CONTAINER = 0.12
# Processor time of eight packages' start, baked relative to wheels: docs/results/bake.json.
_BAKED_CPU = 0.50


@dataclass(frozen=True)
class Program:
    """What was counted of a start."""

    cpu: float  # Seconds of processor time, warm
    calls: int  # Calls with a path that may ask the shared file system
    own: int  # Those of the calls outside of Python's folders: an image does not save them
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
            by_rank = _FILES_BY_RANK + own
            return Start(_BAKED_CPU * cpu, by_rank, _FILES_BY_NODE, program.file_bytes)
        if way == "staged":
            copy = self.image_bytes / self.files.link + self._by_tree(self.image_bytes, ranks)
            return Start(copy + _CONTAINER + cpu, own)
        alone = seconds(self.start("as is", 1), self.files, 1, self.per_node)
        asked = _BROADCAST_BY_RANK * (program.calls - own) + own
        return Start(alone + self._by_tree(program.file_bytes, ranks) + cpu, asked)

    def _by_tree(self, size: float, ranks: int) -> float:
        """Return the seconds until all nodes have `size` bytes, which each passes on."""
        nodes = math.ceil(ranks / self.per_node)
        return math.ceil(math.log2(nodes)) * size / self.files.link


def forecast(setting: Setting) -> dict[str, list[float]]:
    """Return the model's seconds to the last rank, for each way and each of `RANKS`."""
    return {way: [_seconds(setting, way, ranks) for ranks in RANKS] for way in WAYS}


def _seconds(setting: Setting, way: str, ranks: int) -> float:
    # With a tree the think time depends on the ranks: a result for the most serves no other.
    most = RANKS[-1] if way in ("as is", "in a SIF", "baked") else 0
    return seconds(setting.start(way, ranks), setting.files, ranks, setting.per_node, most)


def pays_from(times: dict[str, list[float]]) -> dict[str, int | None]:
    """Return for each way the ranks from which on it is always faster than as is, or None."""
    base, *_ = times.values()
    pays: dict[str, int | None] = {}
    for way, column in list(times.items())[1:]:
        slower = [at for at, took in enumerate(column) if took >= base[at]]
        first = slower[-1] + 1 if slower else 0
        pays[way] = RANKS[first] if first < len(RANKS) else None
    return pays
