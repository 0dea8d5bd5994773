"""What each feature of the interpreter is worth."""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from hpcpy.build.command import ensure_image
from hpcpy.build.graph import the_graph
from hpcpy.build.stamps import read_stamp
from hpcpy.core import paths
from hpcpy.core.errors import UsageError
from hpcpy.core.files import GIB, require_free
from hpcpy.core.stages import stage
from measure import report, roots, variants, worth, worth_chart
from measure.cases import CASES, write_scripts
from measure.samples import SAMPLER, Samples, measure
from measure.targets import container, image_variables, unpacked
from workloads.harness import machine

_SAMPLES = 20
# Fewer say nothing of a median: `worth.interval`.
_LEAST = 6
_IMAGE = "hpcpy"
_CASES = tuple(
    case for case in CASES if case.name in ("pass", "numpy", "core", "core script", "core + kernel")
)
# An executable of 140 MB for each variant, twice: in the cache and unpacked.
_DISK_OF_ONE = 300 * 10**6


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = "of each start (default 20)"
    parser.add_argument("--samples", type=int, default=_SAMPLES, metavar="N", help=help_)
    parser.add_argument("--features", help=f"names, with commas (default: all of {_IMAGE})")
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``results/features.json`` and a picture, and print a table.

    Returns
    -------
    int
        0; problems are raised.
    """
    features = _features(options.features)
    if options.samples < _LEAST:
        raise UsageError(f"--samples {options.samples}: at least {_LEAST} are needed")
    sif, plan, image = ensure_image("sif", _IMAGE)
    wanted = list(variants.variants(image, features))
    require_free(paths.BUILD, len(wanted) * _DISK_OF_ONE + GIB, f"{len(wanted)} variants")
    variants.build(plan, wanted)
    pristine = roots.unpacked_root(_IMAGE, sif, str(read_stamp(sif)["digest"]))
    with _scripts() as work, variants.unpacked(plan, wanted, pristine, image) as made:
        drawing = container(_IMAGE, sif, work)
        load = os.getloadavg()
        starts = _starts(made, work, image_variables(drawing), options.samples)
        sizes = {name: one.squashed for name, one in made.items()}
        told = {
            "benchmark": "features",
            "machine": machine.describe(),
            "load_average": load,
            "image": read_stamp(sif)["digest"],
            "features": features,
            "squashed_bytes": sizes,
            "command": shlex.join(["./hpcpy", *options.words]),
        }
        results = options.out / "results"
        report.write_json(results / "features.json", starts, told)
        program = Path(worth_chart.__file__)
        report.draw(results / "features.json", results / "features.png", drawing, work, program)
    print(worth.table(*worth.both(features, starts, sizes)), end="")
    return 0


@contextlib.contextmanager
def _scripts() -> Iterator[Path]:
    """Give a folder with what is started."""
    with tempfile.TemporaryDirectory(prefix="hpcpy-features.") as folder:
        work = Path(folder)
        work.chmod(0o755)
        write_scripts(work)
        shutil.copyfile(SAMPLER, work / SAMPLER.name)
        yield work


def _features(asked: str | None) -> list[str]:
    known = the_graph().image(_IMAGE).features
    names = asked.split(",") if asked is not None else list(known)
    for name in names:
        if name not in known:
            raise UsageError(f"--features {name}: {_IMAGE} has {', '.join(known)}")
    return names


def _starts(
    made: Mapping[str, variants.Unpacked], work: Path, variables: dict[str, str], samples: int
) -> list[Samples]:
    targets = [unpacked(f"{name}, host", one.root, work, variables) for name, one in made.items()]
    with stage(f"{samples} starts of each") as current:
        starts = measure(targets, samples, _CASES)
        current.note = f"{len(starts)} kinds"
    return starts
