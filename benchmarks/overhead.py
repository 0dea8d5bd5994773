"""Messages between ranks inside of containers against outside."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from checkout import run
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.pairs import ARRANGEMENTS, Overhead, measure
from measure.roots import Base
from measure.samples import LEAST

_IMAGE = "hpcpy"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=40, least=LEAST)
    known = ",".join(ARRANGEMENTS)
    parser.add_argument("--ranks", default=known, help=f"default: {known}")


def main(options: argparse.Namespace) -> int:
    """Measure, write ``results/overhead.json`` and its picture, print a table."""
    names = options.ranks.split(",")
    if unknown := sorted(set(names) - set(ARRANGEMENTS)):
        raise UsageError(f"--ranks {unknown[0]}: none of {', '.join(ARRANGEMENTS)}")
    (image,) = roots.images([_IMAGE], options.sif)
    ensure("apptainer")
    with report.work_folder() as work:
        said = report.circumstances("overhead", [image], work)
        found = [_measured(name, image, work, options.samples).as_dict() for name in names]
        return report.finish({**said, "results": found}, options.out, image, work)


def _measured(name: str, image: Base, work: Path, number: int) -> Overhead:
    arrangement = ARRANGEMENTS[name]
    with stage(f"{number} launches: {arrangement.title}"):
        return measure(arrangement, image, work, lambda found: found.launches >= number)


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
