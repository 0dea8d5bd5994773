"""One start of some ranks with one configuration, and what it asked."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharedfs.configurations.configuration import Configuration, Images
from sharedfs.launch import Job, Launch, on_cluster
from sharedfs.machines import Storm
from sharedfs.network import Carried, carried
from sharedfs.programs import Rank, source
from sharedfs.stats import Asked
from sharedfs.watch import watched

TEMPERATURES = ("cold", "warm")
SHARES = {"median": 0.5, "p95": 0.95, "max": 1.0}


@dataclass(frozen=True)
class Case:
    """What is started.

    Attributes
    ----------
    configuration
        Its name.
    program
        A name of `sharedfs.programs.PROGRAMS`.
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
        What each node's mount asked, in the nodes' order; nothing where it is no mount of ours.
    served
        Bytes that the file system's servers sent: mostly the files that nodes fetched.
    carried
        What each node's network device carried: with Slurm's and MPI's messages.
    """

    case: Case
    temperature: str
    launch: Launch
    asked: Sequence[Asked]
    served: int = 0
    carried: Sequence[Carried] = ()

    @property
    def imports(self) -> list[float]:
        """Seconds from each rank's first line to the end of its imports, in order."""
        return sorted(one.imported - one.begin for one in self.launch.ranks)

    def slowest(self, share: float) -> float:
        """Return the seconds within which this share of the ranks had imported."""
        imports = self.imports
        return imports[max(0, math.ceil(share * len(imports)) - 1)]

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **dataclasses.asdict(self.case),
            "temperature": self.temperature,
            "last": self.launch.last,
            # In columns: thousands of ranks told.
            "ranks_told": {
                field.name: [getattr(one, field.name) for one in self.launch.ranks]
                for field in dataclasses.fields(Rank)
            },
            "began": self.launch.begin,
            "import": {name: self.slowest(share) for name, share in SHARES.items()},
            "asked": [dataclasses.asdict(one) for one in self.asked],
            "served": self.served,
            "carried": [dataclasses.asdict(one) for one in self.carried],
        }


def take(storm: Storm, images: Images, configuration: Configuration, case: Case) -> list[Sample]:
    """Start a case twice, cold and warm.

    Raises
    ------
    StageError
        When a rank fails, or a mount cannot be made or ended.
    """
    folder = configuration.place(images) or storm.folder
    words = ["-c", source(case.program, configuration.imports)]
    command = configuration.command(images, folder, words)
    around = configuration.around and configuration.around(images, folder, case.nodes)
    entering = storm.mounts[0].machine.entering()
    job = Job(case.nodes, case.ranks, command, around or None, entering)
    mounts = [
        dataclasses.replace(mount, folder=folder, part=configuration.folder)
        for mount in storm.mounts[: case.nodes]
    ]
    found = []
    with contextlib.ExitStack() as stack:
        for mount in mounts:
            stack.enter_context(mount.mounted())
        for temperature in TEMPERATURES:
            devices = [storm.own.machine, *(mount.machine for mount in mounts)]
            before = [carried(device) for device in devices]
            with watched(mounts) as watch:
                started = on_cluster(storm.layout, job)
            server, *each = (
                carried(device).since(one) for device, one in zip(devices, before, strict=True)
            )
            found.append(Sample(case, temperature, started, watch.asked(), server.sent, each))
    return found
