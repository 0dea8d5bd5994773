"""Starts on a fresh mount, image against image."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.cases import CASES
from measure.cold.sample import CACHED, DELAY, IMAGE, RATE, STORAGES, inside
from measure.cold.tables import TRUE
from measure.cold.touched import touched
from measure.roots import Base
from measure.samples import in_rounds
from measure.targets import PYTHON, WORK

_IMAGES = ("wheels", "hpcpy")
_FUSE = "squashfuse_ll"
MOUNTS = ("kernel", _FUSE)
_CASES = [case for case in CASES if case.name in ("pass", "numpy", "core", "core + MPI")]
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
    parser.add_argument("--mounts", help=f"default: {','.join(MOUNTS)}, the first for root")


def main(options: argparse.Namespace) -> int:
    """Measure, write ``cold.json`` and its picture, print the tables."""
    ways = _mounts(options.mounts)
    images = roots.images(_IMAGES, options.sif)
    programs = {TRUE: [TRUE]} | {one.name: [PYTHON, *one.arguments(WORK)] for one in _CASES}
    with report.work_folder() as work:
        facts = report.circumstances("cold", images, work) | _storage()
        kinds = _kinds(images, ways, STORAGES, programs)
        facts["results"] = _rounds(kinds, options.samples, programs)
        facts["touched"] = _touches(images, programs) if os.geteuid() == 0 else []
        # By the first mount alone, and not with the file in memory: for all ranks but the
        # first it is there in any case.
        far = [storage for storage in STORAGES if storage != CACHED]
        kinds = _kinds(images, ways[:1], far, _OF_BURSTS)
        facts["bursts"] = _rounds(kinds, _BURSTS, programs, _RANKS)
        return report.finish(facts, options.out, images[-1], work)


def _mounts(asked: str | None) -> list[str]:
    """Return the ways to mount an image: those that this user has, or those asked for."""
    there = [*MOUNTS] if os.geteuid() == 0 else [_FUSE]
    chosen = asked.split(",") if asked else there
    for name in chosen:
        if name not in MOUNTS:
            raise UsageError(f"--mounts {name}: none of {', '.join(MOUNTS)}")
        if name not in there:
            raise UnavailableError(f"only root has the mount {name}")
    return chosen


def _storage() -> dict[str, Any]:
    # What a page fault and a read bring in besides: it decides much of what is read.
    ahead = Path("/sys/block").glob("*/queue/read_ahead_kb")
    return {
        "storage": {"rate": RATE, "delay": DELAY},
        "read_ahead_kb": {file.parts[3]: int(file.read_text()) for file in sorted(ahead)},
    }


def _kinds(
    images: Sequence[Base], ways: Sequence[str], storages: Sequence[str], cases: Iterable[str]
) -> list[tuple[Cold, Base]]:
    # The images next to each other: what else the machine does is then the same for both.
    return [
        (Cold(image.name, way, storage, case), image)
        for way, storage, case, image in itertools.product(ways, storages, cases, images)
    ]


def _rounds(
    kinds: Sequence[tuple[Cold, Base]],
    number: int,
    programs: Mapping[str, Sequence[str]],
    ranks: int = 1,
) -> list[Cold]:
    """Take samples of `ranks` starts at once, a mount each."""
    apptainer = str(ensure("apptainer").apptainer)

    def take(kind: tuple[Cold, Base]) -> None:
        cold, image = kind
        as_user = ["--userns"] if cold.mount == _FUSE else []
        starter = [apptainer, "exec", *as_user, "--cleanenv", IMAGE]
        command = [*starter, *programs[cold.case]]
        request = {"image": str(image.sif), "storage": cold.storage, "ranks": ranks}
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
