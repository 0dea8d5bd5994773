"""Starts on a fresh mount by the kernel, image against image."""

import argparse
import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core.errors import UnavailableError
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.cases import CASES
from measure.cold.sample import DELAY, IMAGE, RATE, STORAGES, Taken, inside
from measure.roots import Base
from measure.samples import in_rounds
from measure.storages import TRUE
from measure.targets import PYTHON, WORK

_IMAGES = ("wheels", "hpcpy")
_CASES = [case for case in CASES if case.name in ("pass", "numpy", "core", "core + MPI")]


@dataclass
class Cold(Taken):
    """One program of one image, its file on one kind of storage."""

    image: str
    storage: str
    case: str


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=8)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``cold.json`` and its picture, print the tables."""
    if os.geteuid() != 0:
        raise UnavailableError(
            "only root has images mounted by the kernel", hint="sudo python3 benchmarks/cold.py"
        )
    images = roots.images(_IMAGES, options.sif)
    programs = {TRUE: [TRUE]} | {one.name: [PYTHON, *one.arguments(WORK)] for one in _CASES}
    with report.work_folder() as work:
        facts = report.circumstances("cold", images, work) | _storage()
        facts["results"] = _rounds(images, options.samples, programs)
        return report.finish(facts, options.out, images[-1], work)


def _storage() -> dict[str, Any]:
    # What a page fault and a read bring in besides: it decides much of what is read.
    ahead = Path("/sys/block").glob("*/queue/read_ahead_kb")
    return {
        "storage": {"rate": RATE, "delay": DELAY},
        "read_ahead_kb": {file.parts[3]: int(file.read_text()) for file in sorted(ahead)},
    }


def _rounds(
    images: Sequence[Base], number: int, programs: Mapping[str, Sequence[str]]
) -> list[Cold]:
    """Take samples of each program of each image on each storage."""
    apptainer = str(ensure("apptainer")["apptainer"].path)
    # The images next to each other: what else the machine does is then the same for both.
    kinds = [
        (Cold(image.name, storage, case), image)
        for storage, case, image in itertools.product(STORAGES, programs, images)
    ]

    def take(kind: tuple[Cold, Base]) -> None:
        cold, image = kind
        command = [apptainer, "exec", "--cleanenv", IMAGE, *programs[cold.case]]
        request = {"image": str(image.sif), "storage": cold.storage, "command": command}
        for name, value in inside("measure.cold.sample", request).items():
            getattr(cold, name).append(value)

    in_rounds(kinds, number, take, lambda kind: f"{kind[0].image}, {kind[0].case}")
    return [cold for cold, _ in kinds]


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
