"""``hpcpy test-gpu [--on here]``: every GPU row on a GPU, its answer checked, and timed.

In hpcpy-cuda with the host's driver, or with this machine's own Python where
there is no container engine.  What comes of it lies in ``build/gpu``:
``checks.json`` has of each check whether it passed, failed or could not run
and why; a JSON and a plot for each workload have the times.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError
from hpcpy.testing.cuda import IMAGE
from hpcpy.testing.gpu_times import Runner, times

OUT = paths.BUILD / "gpu"
_NO_CHECK = "of %d checks none could run here: see build/gpu/checks.json"


def here() -> Runner:
    """Return this machine's own Python."""
    return Runner(
        [],
        sys.executable,
        str(paths.ROOT / "tests"),
        str(OUT),
        {"PYTHONPATH": str(paths.ROOT / "src")},
    )


def in_image(sif: Path) -> Runner:
    """Return the image's Python, with the host's driver and none of its other files."""
    apptainer = str(ensure("apptainer").apptainer)
    binds = [f"--bind={paths.ROOT / 'tests'}:/tests:ro", f"--bind={OUT}:/out"]
    options = ["--nv", "--contain", "--cleanenv", "--no-home", "--pwd=/", *binds]
    return Runner([apptainer, "exec", *options, str(sif)], "python3", "/tests", "/out", {})


def checks(place: Runner) -> int:
    """Run ``tests/gpu``.

    Returns
    -------
    int
        pytest's exit code.
    """
    pedantic = ["--pedantic"] if os.environ.get("PEDANTIC") else []
    options = ["-q", "-p", "no:cacheprovider", "--strict-markers", *pedantic]
    report = [f"--rootdir={place.tests}", f"--report={place.out}/checks.json"]
    return place.run("-m", "pytest", *options, *report, f"{place.tests}/gpu")


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    help_ = "with this machine's own Python, without a container"
    parser.add_argument("--on", choices=("here",), help=help_)


def main(options: argparse.Namespace) -> int:
    """Check every row, then time them.

    Returns
    -------
    int
        0, or that of what failed.

    Raises
    ------
    UnavailableError
        Where no check could run: there is no GPU.
    """
    OUT.mkdir(parents=True, exist_ok=True)
    place = here() if options.on else in_image(have("sif", IMAGE)[0])
    code = checks(place)
    outcomes = [one["outcome"] for one in json.loads((OUT / "checks.json").read_text())["checks"]]
    if {*outcomes} <= {"cannot run"}:
        raise UnavailableError(_NO_CHECK % len(outcomes), hint="run it on a GPU node")
    return times(place) or code
