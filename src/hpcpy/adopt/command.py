"""``hpcpy adopt WHAT [-- PROGRAM …]``: a conda environment, on this image."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from hpcpy.adopt import bake, environment, output, replay, resolution
from hpcpy.adopt.image import Image, of_sif
from hpcpy.adopt.requirement import canonical
from hpcpy.build.command import ensure_image
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.stages import say, stage
from hpcpy.engine.setup import ensure


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments; the program follows ``--``."""
    parser.usage = "hpcpy adopt [-h] [--version] [OPTION …] WHAT [-- PROGRAM …]"
    what = "environment.yml, requirements.txt, pyproject.toml, or an environment's folder"
    parser.add_argument("what", metavar="WHAT", type=Path, help=what)
    parser.add_argument(
        "--out", type=paths.folder, default=Path("adopted"), metavar="FOLDER",
        help="where the files go (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--bake", action="store_true", help="build FOLDER/adopted.sif (a PROGRAM implies it)"
    )
    parser.add_argument(
        "--python", type=Path, metavar="FILE",
        help="the Python to compare with (default: that of WHAT, else the active environment)",
    )  # fmt: skip
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME",
        help="let pip build this package, which has no wheel; it must be pure Python",
    )  # fmt: skip
    parser.add_argument(
        "--wheelhouse", type=Path, metavar="DIR",
        help="take wheels from this folder alone, without a network",
    )  # fmt: skip
    parser.add_argument(
        "--image", type=Path, metavar="SIF", help="base image (default: build/hpcpy.sif)"
    )
    parser.epilog = (
        "Exit codes: 0 done; 1 PROGRAM does something else in the image; 2 wrong request; "
        "69 pip finds no solution, or no index; 73 disk full or not writable."
    )


def main(options: argparse.Namespace) -> int:
    """Read, resolve, write; bake and replay where that is asked for."""
    _check(options)
    base = (options.image or ensure_image("sif")[0]).resolve()
    apptainer = ensure("apptainer").apptainer
    report, items, python = adopted(options, of_sif(apptainer, base, options.wheelhouse), base)
    output.write(options.out, base, items, report)
    _tell(report, options.out)
    if not (options.bake or options.program):
        return 0
    sif = bake.bake(apptainer, base, options.out) if items else base
    if not items:
        say(f"nothing to bake: {sif.name} has everything")
    if not options.program:
        return 0
    own = options.python or python or replay.environments_python(os.environ)
    old = replay.outside(own) if own else None
    with stage(f"run {' '.join(options.program)}"):
        new = replay.in_image(apptainer, sif.resolve())
        lines, is_same, figures = replay.compare(old, new, options.program)
    report |= {"replay": {"program": options.program, "lines": lines, **figures}}
    output.write(options.out, base, items, report)
    for line in lines:
        print(line)
    return 0 if is_same else 1


def _tell(report: dict[str, Any], folder: Path) -> None:
    every = [resolution.Row(**row) for row in report["rows"]]
    for line in output.table(every):
        print(line)
    print(f"{output.summary(every)}; see {folder / 'adopt.md'}", flush=True)
    for note in report["notes"]:
        say(note)


def _check(options: argparse.Namespace) -> None:
    if not options.what.exists():
        raise UsageError(f"{options.what}: there is no such file or folder")
    for file in (options.python, options.image):
        if file is not None and not file.is_file():
            raise UsageError(f"{file}: there is no such file")
    if options.wheelhouse is not None:
        if not options.wheelhouse.is_dir():
            raise UsageError(f"{options.wheelhouse}: there is no such folder")
        options.wheelhouse = options.wheelhouse.resolve()
    first = options.program[0] if options.program else "-"
    if not first.startswith("-") and not Path(first).is_file():
        raise UsageError(f"{first}: there is no such program", hint="give -- my.py")
    output.claim(options.out)


def adopted(
    options: argparse.Namespace, image: Image, sif: Path
) -> tuple[dict[str, Any], list[resolution.Item], Path | None]:
    """Return the report, what is to be baked, and the environment's own Python."""
    found = environment.read(options.what, image.yaml)
    where = ["--no-index", f"--find-links={options.wheelhouse}"] if options.wheelhouse else []
    with stage(f"resolve {options.what.resolve().name}") as current:
        every, items = resolution.resolve(found.asked, image, where, options.source)
        current.note = f"{len(found.asked)} asked for, {len(items)} to bake"
    names = {canonical(row.name) for row in every}
    report = {
        "source": options.what.resolve().name,
        "image": sif.name,
        "python": image.ask("about")["python"],
        "rows": [row.as_dict() for row in every],
        "added": {item.name: item.version for item in items if item.name not in names},
        "notes": found.notes,
    }
    return report, items, found.python
