"""What starting Python takes, image against image."""

import argparse
import sys
from pathlib import Path

from checkout import run
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.roots import Base
from measure.samples import measure
from measure.targets import PYTHON, Target, container, image_variables, unpacked

_IMAGES = "wheels,hpcpy"


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=20)
    parser.add_argument("--images", default=_IMAGES, help=f"default: {_IMAGES}")


def main(options: argparse.Namespace) -> int:
    """Measure, write ``startup.json`` and its pictures, print the table."""
    images = roots.images(options.images.split(","), options.sif)
    ensure("apptainer")
    with report.work_folder() as work:
        facts = report.circumstances("startup", images, work)
        targets = [target for image in images for target in _targets(image, work)]
        starts = measure(targets, options.samples)
        return report.finish({**facts, "results": starts}, options.out, images[-1], work)


def _targets(image: Base, work: Path) -> list[Target]:
    inside = container(f"{image.name}, container", image.sif, work)
    variables = image_variables(inside)
    programs = {"host": PYTHON}
    # Its interpreter as one file is measured, too.
    if image.name == "hpcpy":
        programs["one file"] = roots.add_file(image.root)
    # The stack of wheels is also what a virtual environment is made of.
    if image.name == "wheels":
        programs["venv"] = str(roots.add_venv(image.root))
    outside = (
        unpacked(f"{image.name}, {place}", image.root, work, variables, program)
        for place, program in programs.items()
    )
    return [inside, *outside]


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
