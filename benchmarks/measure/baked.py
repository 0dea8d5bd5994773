"""Packages of a user, installed as wheels against baked."""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import sha256
from hpcpy.core.stages import stage
from hpcpy.engine.setup import ensure
from hpcpy.pins.model import this_arch
from hpcpy.pins.wheels import wheels
from measure import added, report, roots
from measure.added import BAKE, PIP, WHEELS, Base, eight, with_packages
from measure.cases import CASES, EIGHT
from measure.samples import SAMPLER, measure
from measure.targets import Target
from workloads.harness import machine

_SAMPLES = 20
_CASES = (*(case for case in CASES if case.name in ("pass", "numpy")), EIGHT)
# Name of the result, image, module and its options.
_WAYS = (
    ("wheels, installed", "wheels", PIP),
    ("hpcpy, installed", "hpcpy", PIP),
    ("hpcpy, baked", "hpcpy", BAKE),
)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = "of each start (default 20)"
    parser.add_argument("--samples", type=int, default=_SAMPLES, metavar="N", help=help_)
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/bake.json`` and the table of ``bake.md``.

    Returns
    -------
    int
        0; problems are raised.
    """
    if options.samples < 1:
        raise UsageError(f"--samples {options.samples}: at least one is needed")
    ensure("apptainer")
    with tempfile.TemporaryDirectory(prefix="hpcpy-bake.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        shutil.copyfile(SAMPLER, work / SAMPLER.name)
        (work / WHEELS).mkdir()
        names = eight(work / WHEELS)
        made = [_target(way, work, names) for way in _WAYS]
        with stage(f"{options.samples} starts of each") as current:
            starts = measure([target for target, _ in made], options.samples, _CASES)
            current.note = f"{len(starts)} kinds"
        seconds = {target.name: round(took, 1) for target, took in made}
        for target, _ in made:
            shutil.rmtree(target.root)
    circumstances = _circumstances(seconds, options.words)
    report.write_json(options.out / "results/bake.json", starts, circumstances)
    report.write_page(paths.ROOT / "docs/bake.md", options.out / "bake.md", report.table(starts))
    print(report.table(starts), end="")
    print(*(f"{name}: {took} s to make" for name, took in seconds.items()), sep="\n")
    if warning := report.unsteady(starts):
        print(f"{Path(sys.argv[0]).name}: {warning}", file=sys.stderr)
    return 0


def _target(
    way: tuple[str, str, Sequence[str]], work: Path, packages: Sequence[str]
) -> tuple[Target, float]:
    """Return an interpreter with the packages, and how long adding them took."""
    name, image, program = way
    sif, _, _ = ensure_image("sif", image)
    digest = str(read_stamp(sif).get("digest") or f"sha256:{sha256(sif)}")
    pristine = roots.unpacked_root(image, sif, digest)
    root = pristine.with_name(f"{name.replace(', ', '-')}")
    shutil.rmtree(root, ignore_errors=True)
    with stage(f"{name}: {program[0]}") as current:
        copy = added.target(name, Base(image, sif, digest), root, work)
        return copy, with_packages(current, pristine, copy, [*program, *packages])


def _circumstances(seconds: dict[str, float], words: list[str]) -> dict[str, Any]:
    tools = ensure("apptainer").found
    return {
        "benchmark": "bake",
        "machine": machine.describe(),
        "tools": {name: str(tool.version) for name, tool in tools.items()},
        "packages": {one.name: one.version for one in wheels("bake", this_arch())},
        "seconds_to_install_or_bake": seconds,
        "command": shlex.join(["./hpcpy", *words]),
    }
