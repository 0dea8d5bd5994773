"""Packages of a user, installed as wheels against baked."""

import argparse
import contextlib
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from checkout import run
from hpcpy.core import paths
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.fetch.artifacts import fetch, take
from hpcpy.pins.model import host_arch, wheels
from measure import report, roots
from measure.cases import CASES, EIGHT
from measure.roots import VENV, Base
from measure.samples import measure
from measure.targets import WORK, Target, container, image_variables, unpacked

_CASES = (*(case for case in CASES if case.name in ("pass", "numpy")), EIGHT)
# The folder of the wheels that are added, and the modules that add them, with options.
_WHEELS = "wheels"
_PIP = (
    *("pip", "install", "--no-index", f"--find-links={WORK}/{_WHEELS}"),
    *("--root-user-action=ignore", "--break-system-packages"),
)
_BAKE = ("hpcpy_bake", "--no-index", f"--find-links={WORK}/{_WHEELS}")
# Name of the result, image, module and its options.
_WAYS = (
    ("wheels, installed", "wheels", _PIP),
    ("hpcpy, installed", "hpcpy", _PIP),
    ("hpcpy, baked", "hpcpy", _BAKE),
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=20)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``bake.json`` and print the table."""
    images = {image.name: image for image in roots.images(("wheels", "hpcpy"), options.sif)}
    ensure("apptainer")
    with report.work_folder() as work, contextlib.ExitStack() as stack:
        facts = report.circumstances("bake", [*images.values()], work)
        names = _eight(work / _WHEELS)
        targets, seconds = [], {}
        for name, image, program in _WAYS:
            root = images[image].root.with_name(name.replace(", ", "-"))
            stack.callback(shutil.rmtree, root, ignore_errors=True)
            target, took = _made(name, images[image], root, work, [*program, *names])
            targets.append(target)
            seconds[name] = round(took, 1)
        facts["packages"] = {wheel.name: wheel.version for wheel in wheels("bake", host_arch())}
        facts["seconds_to_install_or_bake"] = seconds
        starts = measure(targets, options.samples, _CASES)
    code = report.finish({**facts, "results": starts}, options.out)
    print(*(f"{name}: {took} s to make" for name, took in seconds.items()), sep="\n")
    return code


def _eight(folder: Path) -> list[str]:
    """Copy the wheels of the NIH's libraries into a folder; return the names to install."""
    folder.mkdir()
    for path in fetch(wheels("bake", host_arch())).values():
        take(path, folder / path.name)
    lines = (paths.ENV / "python-bake.in").read_text(encoding="utf-8").splitlines()
    return sorted({line.split("#")[0].strip() for line in lines} - {""})


def _made(
    name: str, image: Base, root: Path, work: Path, words: Sequence[str]
) -> tuple[Target, float]:
    """Return an interpreter with the packages, and how long adding them took."""
    shutil.rmtree(root, ignore_errors=True)
    variables = image_variables(container(image.name, image.sif, work))
    target = unpacked(name, root, work, variables)
    with stage(f"{name}: {words[0]}") as current:
        # Hard links do: packages are added as new files, and no file of the image is changed.
        current.run(["cp", "-al", image.root, root])
        # A virtual environment there has the packages from before.
        shutil.rmtree(root / VENV.relative_to("/"), ignore_errors=True)
        before = time.monotonic()
        current.run(target.command(["-m", *words]))
        return target, time.monotonic() - before


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
