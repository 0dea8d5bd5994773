"""One start of some ranks with one configuration, and what it asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hpcpy.storm.configurations.configuration import Configuration, Images
from hpcpy.storm.launch import Launch, launch
from hpcpy.storm.machines import Storm
from hpcpy.storm.mounts import Mount
from hpcpy.storm.programs import source
from hpcpy.storm.stats import Asked
from hpcpy.storm.watch import watched

TEMPERATURES = ("cold", "warm")


@dataclass(frozen=True)
class Case:
    """What is started.

    Attributes
    ----------
    configuration
        Its name.
    program
        A name of `hpcpy.storm.programs.PROGRAMS`.
    nodes, ranks
        How many nodes, and how many ranks on each.
    """

    configuration: str
    program: str
    nodes: int
    ranks: int


@dataclass(frozen=True)
class Sample:
    """One start.

    Attributes
    ----------
    case
        What was started.
    temperature
        ``cold``: on mounts made for it; ``warm``: once more on the same ones.
    launch
        What the ranks told.
    asked
        What each node's mount asked, in the nodes' order.
    """

    case: Case
    temperature: str
    launch: Launch
    asked: Sequence[Asked]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **dataclasses.asdict(self.case),
            "temperature": self.temperature,
            "last": self.launch.last,
            "ranks_told": [dataclasses.asdict(one) for one in self.launch.ranks],
            "began": self.launch.begin,
            "asked": [dataclasses.asdict(one) for one in self.asked],
        }


def take(storm: Storm, images: Images, configuration: Configuration, case: Case) -> list[Sample]:
    """Start a case twice, cold and warm.

    Raises
    ------
    StageError
        When a rank fails, or a mount cannot be made or ended.
    """
    folder = configuration.place(images) or storm.folder
    words = ["-c", source(case.program)]
    command = configuration.command(images, folder, words)
    mounts = [
        dataclasses.replace(mount, folder=folder, part=configuration.folder)
        for mount in storm.mounts[: case.nodes]
    ]
    made: list[Mount] = []
    try:
        for mount in mounts:
            mount.make()
            made.append(mount)
        found = []
        for temperature in TEMPERATURES:
            with watched(mounts) as watch:
                started = launch(storm.layout, case.nodes, case.ranks, command)
            found.append(Sample(case, temperature, started, watch.asked()))
        return found
    finally:
        for mount in made:
            mount.end()
