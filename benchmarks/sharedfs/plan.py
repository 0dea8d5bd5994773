"""What is measured: all cases in turns, so that a slow minute affects them alike."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hpcpy.core.stages import Stage
from sharedfs.configuration import Images
from sharedfs.configurations import CONFIGURATIONS
from sharedfs.launch import RanksError
from sharedfs.machines import Storm
from sharedfs.mounts import copy, open_root, size
from sharedfs.samples import Case, Sample

Keep = Callable[[Sequence[Sample]], None]


@dataclass(frozen=True)
class Plan:
    """What is measured: every pair of numbers of nodes, and of ranks on each."""

    configurations: Sequence[str]
    programs: Sequence[str]
    nodes: Sequence[int]
    ranks: Sequence[int]
    repetitions: int

    def cases(self) -> list[Case]:
        """Return one round, configurations side by side."""
        sides = itertools.product(self.programs, self.nodes, self.ranks, self.configurations)
        return [Case(name, program, nodes, ranks) for program, nodes, ranks, name in sides]

    def images(self, *needs: str) -> list[str]:
        """Return the images that configurations need, all or those in one of these forms."""
        chosen = (CONFIGURATIONS[name] for name in self.configurations)
        return list(dict.fromkeys(one.image for one in chosen if not needs or one.needs in needs))


def prepare(storm: Storm, images: Images, plan: Plan) -> dict[str, int]:
    """Bring files onto the file system and the nodes; return each configuration's bytes."""
    wanted = {name: [*CONFIGURATIONS[name].files(images)] for name in plan.configurations}
    # Several take the same file.
    copy(storm.own.run, storm.folder, dict.fromkeys(itertools.chain(*wanted.values())))
    for mount in storm.mounts:
        for root in images.root.values():
            open_root(mount, root)
    return {name: size(storm.own.run, storm.folder, files) for name, files in wanted.items()}


def in_turns(
    plan: Plan, take: Callable[[Case], list[Sample]], current: Stage, keep: Keep
) -> list[Sample]:
    """Take every case as often as the plan says, and keep all samples after each."""
    samples: list[Sample] = []
    cases = plan.cases() * plan.repetitions
    for number, case in enumerate(cases, 1):
        if sys.stderr.isatty():
            what = f"{case.configuration}, {case.program}, {case.nodes} × {case.ranks}"
            print(f"\r\033[K   {number} of {len(cases)}: {what}", end="\r", file=sys.stderr)
        try:
            samples += take(case)
        except RanksError as error:
            current.log.write_text(f"{case}\n{error.output}")
            raise
        keep(samples)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    current.note = f"{len(samples)} starts"
    return samples
