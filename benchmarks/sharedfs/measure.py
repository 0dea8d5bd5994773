"""Measure all cases in turns, so that a slow minute affects them alike."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hpcpy.stages import Stage
from measure.targets import PYTHON
from sharedfs import fill
from sharedfs.added import PACKAGES
from sharedfs.configurations import CONFIGURATIONS, Files, Images
from sharedfs.launch import VARIABLES, RanksError
from sharedfs.machines import Storm
from sharedfs.programs import LIBRARIES, PYNAMIC, PYNAMIC_AT
from sharedfs.pynamic import made as pynamic
from sharedfs.samples import Case, Sample, take

# How long a node keeps the file system's names and attributes.  As MooseFS is shipped:
# names of files not at all, all else for a second.  `keeping`: an hour, as clients do that
# hold locks.
_NAMES = ("mfsattrcacheto", "mfsentrycacheto", "mfsdirentrycacheto", "mfsnegentrycacheto")
SHIPPED = "shipped"
CLIENTS: dict[str, tuple[str, ...]] = {
    SHIPPED: (),
    "keeping": tuple(f"{name}=3600" for name in _NAMES),
}


@dataclass(frozen=True)
class Plan:
    """What is measured.

    Attributes
    ----------
    configurations, programs
        Their names.
    nodes, ranks
        Numbers of nodes, and of ranks on each: every pair of them.
    repetitions
        How often.
    client
        A name of `CLIENTS`.
    pynamic
        A checkout of LLNL's Pynamic; without it our generator makes the modules.
    """

    configurations: Sequence[str]
    programs: Sequence[str]
    nodes: Sequence[int]
    ranks: Sequence[int]
    repetitions: int
    client: str = SHIPPED
    pynamic: Path | None = None

    def cases(self) -> list[Case]:
        """Return one round, configurations side by side."""
        return [
            Case(configuration, program, nodes, ranks)
            for program in self.programs
            for nodes in self.nodes
            for ranks in self.ranks
            for configuration in self.configurations
        ]

    @property
    def squashed(self) -> list[str]:
        """Names of the images of which podman-hpc's file is needed."""
        needing = (CONFIGURATIONS[name] for name in self.configurations)
        return list(dict.fromkeys(one.image for one in needing if one.needs_squash))

    @property
    def unpacked(self) -> list[str]:
        """Names of the images of which unpacked files are needed."""
        needing = (CONFIGURATIONS[name] for name in self.configurations)
        return list(dict.fromkeys(one.image for one in needing if one.needs_root))

    @property
    def packed(self) -> list[str]:
        """Names of the images of which a SIF is started."""
        needing = (CONFIGURATIONS[name] for name in self.configurations)
        others = ("needs_root", "needs_squash", "needs_podman_hpc")
        return [one.image for one in needing if not any(getattr(one, name) for name in others)]

    @property
    def adding(self) -> list[str]:
        """Names of the programs whose packages are added to the images."""
        # In the same order whatever was asked for: it is part of what the images are made of.
        return [name for name in PACKAGES if name in self.programs]

    @property
    def images(self) -> list[str]:
        """Names of the images that the configurations are made of."""
        return list(dict.fromkeys(CONFIGURATIONS[name].image for name in self.configurations))


def prepare(storm: Storm, images: Images, plan: Plan) -> dict[str, int]:
    """Bring what the configurations need onto the file system and the nodes.

    Returns
    -------
    dict
        The bytes that each configuration has on the file system.

    Raises
    ------
    StageError
        When it cannot be copied or mounted.
    """
    wanted = {name: [*CONFIGURATIONS[name].files(images)] for name in plan.configurations}
    if PYNAMIC in plan.programs:
        # Headers of Python are the same in all images.
        modules = pynamic.made(next(iter(images.root.values())), checkout=plan.pynamic)
        for name, files in wanted.items():
            files.append(Files(modules, f"{CONFIGURATIONS[name].folder}/{PYNAMIC_AT.name}"))
    # Several take the same file.
    fill.copy(storm.own, dict.fromkeys(itertools.chain(*wanted.values())))
    for mount in storm.mounts:
        for root in images.root.values():
            fill.open_root(mount, root)
        if LIBRARIES in plan.programs:
            # matplotlib's list of fonts, which a user's first start makes.
            given = [f"{name}={value}" for name, value in VARIABLES.items()]
            words = [*given, "chroot", str(root), PYTHON, "-c", "import matplotlib.font_manager"]
            mount.run("env", "--ignore-environment", *words)
    return {name: fill.size(storm.own, files) for name, files in wanted.items()}


def measure(
    storm: Storm,
    images: Images,
    plan: Plan,
    current: Stage,
    keep: Callable[[Sequence[Sample]], None],
) -> list[Sample]:
    """Take every case as often as the plan says, in turns.

    Parameters
    ----------
    storm, images, plan
        Where, with what, which.
    current
        The stage, whose log has a failure.
    keep
        Called with all samples after each case.

    Raises
    ------
    StageError
        When a case fails.
    """
    options = CLIENTS[plan.client]
    mounts = tuple(dataclasses.replace(mount, options=options) for mount in storm.mounts)
    with_client = dataclasses.replace(storm, mounts=mounts)

    def one(case: Case) -> list[Sample]:
        return take(with_client, images, CONFIGURATIONS[case.configuration], case)

    return in_turns(plan, one, current, keep)


def in_turns(
    plan: Plan,
    one: Callable[[Case], list[Sample]],
    current: Stage,
    keep: Callable[[Sequence[Sample]], None],
) -> list[Sample]:
    """Take every case as often as the plan says, in turns, by a function that takes one.

    Raises
    ------
    StageError
        When a case fails.
    """
    samples: list[Sample] = []
    cases = plan.cases() * plan.repetitions
    for number, case in enumerate(cases, 1):
        if sys.stderr.isatty():
            what = f"{case.configuration}, {case.program}, {case.nodes} × {case.ranks}"
            print(f"\r\033[K   {number} of {len(cases)}: {what}", end="\r", file=sys.stderr)
        try:
            samples += one(case)
        except RanksError as error:
            current.log.write_text(f"{case}\n{error.said}")
            raise
        keep(samples)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    current.note = f"{len(samples)} starts"
    return samples
