"""``hpcpy test-packages [NAME …]``: packages that scientists use, on the images."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcpy.build.command import have
from hpcpy.build.inputs import Inputs
from hpcpy.build.stamps import read_stamp
from hpcpy.engine.setup import ensure
from hpcpy.errors import UsageError
from hpcpy.files import in_words
from hpcpy.packages import report
from hpcpy.packages.pins import wheels_for
from hpcpy.packages.programs import Program, programs
from hpcpy.packages.run import run
from hpcpy.pins.model import Artifact, this_arch
from hpcpy.pins.wheels import wheels
from hpcpy.stages import stage


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("names", nargs="*", metavar="PACKAGES", help="default: all but heavy ones")
    parser.add_argument(
        "--images", nargs="+", choices=report.IMAGES, default=report.IMAGES, help="these alone"
    )
    for image in report.IMAGES:
        parser.add_argument(
            f"--{image}", type=Path, metavar="SIF", help=f"in place of build/{image}.sif"
        )


def main(options: argparse.Namespace) -> int:
    """Use packages in virtual environments on the images, one after another.

    What was run with the same image, wheels and lines is not run again.

    Returns
    -------
    int
        1 when one of them fails here or prints something else than with the
        wheels' Python, unless it fails with that, too.
    """
    known = programs()
    for name in options.names:
        if name not in known:
            raise UsageError(f"no package {name!r}; there are {', '.join(known)}")
    names = options.names or [name for name, one in known.items() if not one.heavy]
    chosen = [known[name] for name in names]
    sifs: dict[str, Path] = {
        image: getattr(options, image) or have("sif", image)[0] for image in options.images
    }
    _tell_downloads(chosen)
    for program in chosen:
        for image, sif in sifs.items():
            _run(program, image, sif)
    rows = report.read()
    bad = [one.name for one in chosen if one.name in rows and not report.is_good(rows[one.name])]
    if bad:
        print(f"hpcpy test-packages: {', '.join(bad)}: see {report.PAGE}", file=sys.stderr)
    return 1 if bad else 0


def _wheels(program: Program) -> list[Artifact]:
    """Return what is installed: what both images have is not."""
    in_images = {(one.name, one.version) for one in wheels("image", this_arch())}
    return [one for one in wheels_for(program.requires) if (one.name, one.version) not in in_images]


def _tell_downloads(chosen: Sequence[Program]) -> None:
    every = {wheel.filename: wheel for program in chosen for wheel in _wheels(program)}
    size = sum(wheel.sources[0].size for wheel in every.values())
    print(
        f"{len(chosen)} packages, {len(every)} wheels: {in_words(size)} with what is in the cache"
    )


def _run(program: Program, image: str, sif: Path) -> None:
    wanted = _wheels(program)
    inputs = Inputs(f"package {program.name}")
    inputs.add("use", program.use)
    inputs.add("image", str(read_stamp(sif).get("digest") or f"{sif} {sif.stat().st_mtime_ns}"))
    for wheel in wanted:
        inputs.add(wheel.filename, wheel.sources[0].sha256)
    rows = report.read()
    row: dict[str, Any] = rows.get(program.name, {})
    if row.get(image, {}).get("inputs") == inputs.key:
        return
    with stage(f"{program.name} on {image}") as current:
        outcome = run(program, wanted, sif, ensure("apptainer").apptainer)
        current.note = outcome.reason or "works"
    versions = {one.name: one.version for one in wheels_for(program.requires)}
    row |= {
        "version": versions[program.requires[0]],
        "bytes": sum(wheel.sources[0].size for wheel in wanted),
        image: {
            "inputs": inputs.key,
            "output": outcome.output,
            "reason": outcome.reason,
            "disk": outcome.disk,
        },
    }
    report.write(rows | {program.name: row})
