"""One start of some ranks with one configuration, and what it asked."""

import contextlib
import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sharedfs.configurations import Configuration, Images
from sharedfs.counts import Asked, sent, watched
from sharedfs.launch import Job, Launch, on_cluster
from sharedfs.machines import Storm
from sharedfs.programs import source


@dataclass(frozen=True)
class Case:
    """What is started: names of configuration and program, nodes, and ranks on each."""

    configuration: str
    program: str
    nodes: int
    ranks: int


@dataclass(frozen=True)
class Sample:
    """One start."""

    case: Case
    # "cold": on mounts made for it; "warm": once more on the same ones.
    temperature: str
    launch: Launch
    # By each node's mount, in the nodes' order.
    asked: Sequence[Asked]
    # Bytes that the file system's servers sent: mostly the files that nodes fetched.
    served: int

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            **dataclasses.asdict(self.case),
            "temperature": self.temperature,
            "last": round(self.launch.last, 4),
            # In columns: there may be thousands of ranks.
            "ranks_told": {
                name: [rank[name] for rank in self.launch.ranks] for name in self.launch.ranks[0]
            },
            "asked": [dataclasses.asdict(mount) for mount in self.asked],
            "served": self.served,
        }


def take(storm: Storm, images: Images, configuration: Configuration, case: Case) -> list[Sample]:
    """Start a case twice, cold and warm."""
    folder = configuration.place(images, storm.folder)
    command = configuration.command(images, folder, ["-c", source(case.program)])
    staged = folder / configuration.staged if configuration.staged else None
    entering = storm.mounts[0].machine.entering()
    job = Job(case.nodes, case.ranks, command, staged, configuration.is_archive, entering)
    mounts = [
        dataclasses.replace(mount, folder=folder, part=configuration.folder)
        for mount in storm.mounts[: case.nodes]
    ]
    samples = []
    with contextlib.ExitStack() as stack:
        for mount in mounts:
            # What the interpreter as one file places on a node, it places anew.
            mount.run("rm", "-rf", f"/tmp/hpcpy-{os.getuid()}")  # noqa: S108
            stack.enter_context(mount.mounted())
        for temperature in ("cold", "warm"):
            before = sent(storm.own.machine)
            with watched([mount.look for mount in mounts]) as asked:
                started = on_cluster(storm.layout, job)
            served = sent(storm.own.machine) - before
            samples.append(Sample(case, temperature, started, asked, served))
    return samples
