"""Starts on a fresh mount, image against image."""

from __future__ import annotations

import argparse
import itertools
import operator
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import cases, report, roots
from measure.added import Base, added, eight
from measure.cold import mounts
from measure.cold.mounts import Mounted
from measure.cold.sample import CACHED, DELAY, RATE, STORAGES, inside
from measure.cold.touched import touched
from measure.samples import in_rounds
from measure.tables import MOUNTS, TRUE
from measure.targets import PYTHON, WORK

_IMAGES = ("wheels", "hpcpy")
_CASES = [case for case in cases.CASES if case.name in ("pass", "numpy", "core", "core + MPI")]
# A node's ranks, each with a mount of its own, of programs that take some time.
_RANKS, _BURSTS, _OF_BURSTS = 16, 3, ("numpy", "core")


@dataclass
class Cold:
    """One program of one image, mounted in one way, its file on one kind of storage.

    What `measure.cold.sample.take` returns, one a sample.
    """

    image: str
    mount: str
    storage: str
    case: str
    wall: list[Any] = field(default_factory=list)
    user: list[float] = field(default_factory=list)
    kernel: list[float] = field(default_factory=list)
    read: list[int] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=8)
    parser.add_argument("--mounts", help=f"default: {','.join(MOUNTS)}, as far as possible")
    parser.add_argument(
        "--packages",
        action="store_true",
        help="measure images with the eight libraries of docs/bake.md, baked and installed",
    )


def main(options: argparse.Namespace) -> int:
    """Measure, write ``results/cold.json`` and its picture, or ``cold-packages.json``."""
    ways = options.mounts.split(",") if options.mounts else mounts.names()
    if unknown := sorted(set(ways) - set(MOUNTS)):
        raise UsageError(f"--mounts {unknown[0]}: none of {', '.join(MOUNTS)}")
    images = roots.images(_IMAGES, options.sif)
    ensure("apptainer")
    shown = _CASES
    if options.packages:
        images = [_with_packages(one) for one in images]
        shown = [*_CASES[:1], cases.EIGHT]
    programs = {TRUE: [TRUE]} | {one.name: [PYTHON, *one.arguments(WORK)] for one in shown}
    with report.work_folder() as work:
        name = "cold-packages" if options.packages else "cold"
        said = report.circumstances(name, images, work) | _storage()
        mounted = [mounts.mounted(way, one, work) for way in ways for one in images]
        said["results"] = _rounds(mounted, STORAGES, options.samples, programs)
        said["touched"] = _touches(images, programs) if os.geteuid() == 0 else []
        if not options.packages:
            # By the first mount alone, and not with the file in memory: for all ranks but the
            # first it is there in any case.
            far = [storage for storage in STORAGES if storage != CACHED]
            few = {case: programs[case] for case in _OF_BURSTS}
            said["bursts"] = _rounds(mounted[: len(images)], far, _BURSTS, few, _RANKS)
        return report.finish(said, options.out, images[-1], work)


def _with_packages(base: Base) -> Base:
    apptainer = ensure("apptainer").apptainer
    return added(base, "the eight libraries", lambda folder, _: eight(folder), apptainer)


def _storage() -> dict[str, Any]:
    # What a page fault and a read bring in besides: it decides much of what is read.
    ahead = Path("/sys/block").glob("*/queue/read_ahead_kb")
    return {
        "storage": {"rate": RATE, "delay": DELAY},
        "read_ahead_kb": {file.parts[3]: int(file.read_text()) for file in sorted(ahead)},
    }


def _rounds(
    images: Sequence[Mounted],
    storages: Sequence[str],
    number: int,
    programs: Mapping[str, Sequence[str]],
    ranks: int = 1,
) -> list[Cold]:
    """Take samples of `ranks` starts at once, a mount each."""
    # The images next to each other: what else the machine does is then the same for both.
    kinds = [
        (Cold(image.image, way, storage, case), image)
        for way, group in itertools.groupby(images, operator.attrgetter("mount"))
        for storage, case, image in itertools.product(storages, programs, [*group])
    ]

    def take(kind: tuple[Cold, Mounted]) -> None:
        cold, image = kind
        command = [*image.starter, *programs[cold.case]]
        request = {"image": str(image.file), "storage": cold.storage, "ranks": ranks}
        taken = inside("measure.cold.sample", {**request, "command": command})
        if ranks == 1:
            (taken["wall"],) = taken["wall"]
        for name, value in taken.items():
            getattr(cold, name).append(value)

    in_rounds(kinds, number, take, lambda kind: f"{kind[0].image}, {kind[0].mount}, {kind[0].case}")
    return [cold for cold, _ in kinds]


def _touches(images: Sequence[Base], programs: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Count once what each start touches of each image."""
    found = []
    with stage("count blocks"):
        for (case, program), image in itertools.product(programs.items(), images):
            one = touched(image.sif, program)
            counts = {**asdict(one), "blocks": one.blocks, "files": len(one.files)}
            found.append({"image": image.name, "case": case, **counts, "most": one.most(20)})
    return found


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
