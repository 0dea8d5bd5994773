"""The ways to start a program on many ranks, as the model sees them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from workloads.forecast.model import FileSystem, Start, seconds

RANKS = tuple(1 << power for power in range(18))

# Metadata operations of a cold start, medians of docs/results/storm.json: with one mount of
# an image on each node, and with the static interpreter as plain files.
IMAGE_BY_NODE, IMAGE_BY_RANK = 24, 0.1
FILES_BY_NODE, FILES_BY_RANK = 22, 8
# The share of its operations that a rank still does if rank 0 sends the modules: Python and
# MPI have to start before. docs/results/storm.json.
BROADCAST_BY_RANK = 0.14
# Seconds of `apptainer exec … true` on a fresh mount: docs/results/cold.json.
CONTAINER = 0.12
# Processor time of eight packages' start, baked relative to wheels: docs/results/bake.json.
BAKED_CPU = 0.50


@dataclass(frozen=True)
class Program:
    """What was counted of a start.

    Attributes
    ----------
    cpu
        Seconds of processor time, warm.
    calls
        Calls with a path that may ask the shared file system.
    own
        Those of the calls outside of Python's folders: an image does not save them.
    file_bytes
        The size of all opened files, each counted once: a node reads no more.
    """

    cpu: float
    calls: int
    own: int
    file_bytes: int


@dataclass(frozen=True)
class Setting:
    """What the forecast is for.

    Attributes
    ----------
    program, files
        The program as counted, the file system as probed.
    per_node
        Ranks on a node.
    image_bytes
        The size of the image that is staged.
    """

    program: Program
    files: FileSystem
    per_node: int
    image_bytes: float

    def by_tree(self, size: float, ranks: int) -> float:
        """Return the seconds until all nodes have `size` bytes, which each passes on."""
        nodes = math.ceil(ranks / self.per_node)
        return math.ceil(math.log2(nodes)) * size / self.files.link

    def as_is(self, _: int) -> Start:
        """Have every rank ask for each of its files."""
        one = self.program
        return Start(one.cpu, by_rank=one.calls, node_bytes=one.file_bytes)

    def in_sif(self, _: int) -> Start:
        """Have one image, mounted once on each node."""
        one = self.program
        by_rank = IMAGE_BY_RANK + one.own
        return Start(CONTAINER + one.cpu, by_rank, IMAGE_BY_NODE, one.file_bytes)

    def baked(self, _: int) -> Start:
        """Have all modules in a static interpreter, as plain files without a container."""
        one = self.program
        by_rank = FILES_BY_RANK + one.own
        return Start(BAKED_CPU * one.cpu, by_rank, FILES_BY_NODE, one.file_bytes)

    def staged(self, ranks: int) -> Start:
        """Read the image once, pass it on from node to node, start from the node's disk."""
        one = self.program
        copy = self.image_bytes / self.files.link + self.by_tree(self.image_bytes, ranks)
        return Start(copy + CONTAINER + one.cpu, one.own)

    def by_broadcast(self, ranks: int) -> Start:
        """Have rank 0 import, and send the modules to the others."""
        one = self.program
        alone = seconds(self.as_is(1), self.files, 1, self.per_node)
        asked = BROADCAST_BY_RANK * (one.calls - one.own) + one.own
        return Start(alone + self.by_tree(one.file_bytes, ranks) + one.cpu, asked)


WAYS: dict[str, tuple[Callable[[Setting, int], Start], str]] = {
    "as is": (Setting.as_is, "each rank asks for each file"),
    "in a SIF": (Setting.in_sif, "one image, one mount a node (--sharens)"),
    "baked": (Setting.baked, "the static interpreter with all modules in it, as plain files"),
    "staged": (Setting.staged, "the image read once and copied from node to node"),
    "by broadcast": (Setting.by_broadcast, "rank 0 imports and sends the modules by MPI"),
}


def forecast(setting: Setting) -> dict[str, list[float]]:
    """Return the model's seconds to the last rank, for each way and each of `RANKS`."""
    return {
        name: [
            seconds(start(setting, ranks), setting.files, ranks, setting.per_node, _most(name))
            for ranks in RANKS
        ]
        for name, (start, _) in WAYS.items()
    }


def _most(name: str) -> int:
    # With a tree the think time depends on the ranks: a result for the most serves no other.
    return RANKS[-1] if name in ("as is", "in a SIF", "baked") else 0


def pays_from(times: dict[str, list[float]]) -> dict[str, int | None]:
    """Return for each way the ranks from which on it is always faster than as is, or None."""
    base, *_ = times.values()
    found: dict[str, int | None] = {}
    for name, column in list(times.items())[1:]:
        slower = [at for at, (one, other) in enumerate(zip(column, base, strict=True))
                  if one >= other]  # fmt: skip
        first = slower[-1] + 1 if slower else 0
        found[name] = RANKS[first] if first < len(RANKS) else None
    return found
