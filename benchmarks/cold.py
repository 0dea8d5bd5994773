"""Starts on a fresh mount by the kernel, image against image."""

import argparse
import itertools
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.cases import CASES
from measure.cold.sample import DELAY, IMAGE, RATE, STORAGES, Taken, add, require_root
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
    """Measure, write ``cold.json``, print the tables."""
    require_root("cold.py")
    images = {image.name: image for image in roots.images(_IMAGES, options.sif)}
    programs = {TRUE: [TRUE]} | {case.name: [PYTHON, *case.arguments(WORK)] for case in _CASES}
    # The images next to each other: what else the machine does is then the same for both.
    kinds = [
        Cold(image, storage, case)
        for storage, case, image in itertools.product(STORAGES, programs, images)
    ]
    engine = [str(ensure("apptainer")["apptainer"].path), "exec", "--cleanenv", IMAGE]

    def take(kind: Cold) -> None:
        request = {"image": str(images[kind.image].sif), "storage": kind.storage}
        add(kind, "measure.cold.sample", {**request, "command": [*engine, *programs[kind.case]]})

    with report.work_folder() as work:
        facts = report.circumstances("cold", [*images.values()], work) | _storage()
        in_rounds(kinds, options.samples, take, lambda kind: f"{kind.image}, {kind.case}")
        return report.finish({**facts, "results": kinds}, options.out)


def _storage() -> dict[str, Any]:
    # What a page fault and a read bring in besides: it decides much of what is read.
    ahead = Path("/sys/block").glob("*/queue/read_ahead_kb")
    return {
        "storage": {"rate": RATE, "delay": DELAY},
        "read_ahead_kb": {file.parts[3]: int(file.read_text()) for file in sorted(ahead)},
    }


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
