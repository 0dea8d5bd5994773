"""Packages of a user, installed as wheels against baked."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from checkout import run
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.pins.model import this_arch
from hpcpy.pins.wheels import wheels
from measure import added, report, roots
from measure.added import BAKE, PIP, WHEELS, Base, eight, with_packages
from measure.cases import CASES, EIGHT
from measure.samples import measure
from measure.targets import Target

_CASES = (*(case for case in CASES if case.name in ("pass", "numpy")), EIGHT)
# Name of the result, image, module and its options.
_WAYS = (
    ("wheels, installed", "wheels", PIP),
    ("hpcpy, installed", "hpcpy", PIP),
    ("hpcpy, baked", "hpcpy", BAKE),
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=20)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``results/bake.json`` and print the table."""
    images = {one.name: one for one in roots.images(("wheels", "hpcpy"), options.sif)}
    ensure("apptainer")
    with report.work_folder() as work, contextlib.ExitStack() as stack:
        said = report.circumstances("bake", [*images.values()], work)
        (work / WHEELS).mkdir()
        names = eight(work / WHEELS)
        targets, seconds = [], {}
        for name, image, program in _WAYS:
            copy, took = _made(name, images[image], work, [*program, *names])
            stack.callback(shutil.rmtree, copy.root)
            targets.append(copy)
            seconds[name] = round(took, 1)
        said["packages"] = {one.name: one.version for one in wheels("bake", this_arch())}
        said["seconds_to_install_or_bake"] = seconds
        starts = measure(targets, options.samples, _CASES)
        code = report.finish({**said, "results": starts}, options.out, images["hpcpy"], work)
    print(*(f"{name}: {took} s to make" for name, took in seconds.items()), sep="\n")
    return code


def _made(name: str, image: Base, work: Path, words: Sequence[str]) -> tuple[Target, float]:
    """Return an interpreter with the packages, and how long adding them took."""
    root = image.root.with_name(name.replace(", ", "-"))
    shutil.rmtree(root, ignore_errors=True)
    with stage(f"{name}: {words[0]}") as current:
        copy = added.target(name, image, root, work)
        return copy, with_packages(current, image.root, copy, words)


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
