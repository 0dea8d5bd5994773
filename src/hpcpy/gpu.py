"""``hpcpy test-gpu [--here]``: every GPU row on a GPU, its answer checked, and timed.

In hpcpy-cuda with the host's driver, or with this machine's own Python where
there is no container engine.  What comes of it lies in ``build/gpu``:
``checks.json`` has of each check whether it passed, failed or could not run
and why; a JSON and a plot for each workload have the times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.cuda import IMAGE
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError, UsageError

OUT = paths.BUILD / "gpu"
# A row of all cores is beside those of the GPU, for scale.
TIMED = {
    "mandel": ["--impl", "simd,numba-parallel,cupy,numba-cuda,pyopencl", "--repeat", "10"],
    "pi": ["--impl", "simd,numba-parallel,cupy,numba-cuda,pyopencl", "--repeat", "10"],
    "linalg": ["--task", "eigh,dot", "--impl", "numpy,cupy", "--repeat", "5"],
}
_NO_CHECK = "of %d checks none could run here: see build/gpu/checks.json"


@dataclass(frozen=True)
class Place:
    """Where the rows run.

    Attributes
    ----------
    python
        The words that start Python there.
    tests, out
        What `tests` and `OUT` are called there.
    env
        Variables, beside this process's.
    """

    python: list[str]
    tests: str
    out: str
    env: dict[str, str]


def here() -> Place:
    """Return this machine's own Python."""
    return Place(
        [sys.executable],
        str(paths.ROOT / "tests"),
        str(OUT),
        {"PYTHONPATH": str(paths.ROOT / "src")},
    )


def in_image(sif: Path) -> Place:
    """Return the image's Python, with the host's driver and none of its other files."""
    apptainer = str(ensure("apptainer").apptainer)
    binds = [f"--bind={paths.ROOT / 'tests'}:/tests:ro", f"--bind={OUT}:/out"]
    options = ["--nv", "--contain", "--cleanenv", "--no-home", "--pwd=/", *binds]
    return Place([apptainer, "exec", *options, str(sif), "python3"], "/tests", "/out", {})


def checks(place: Place) -> int:
    """Run ``tests/gpu``.

    Returns
    -------
    int
        pytest's exit code.
    """
    pedantic = ["--pedantic"] if os.environ.get("PEDANTIC") else []
    options = ["-q", "-p", "no:cacheprovider", "--strict-markers", *pedantic]
    report = [f"--rootdir={place.tests}", f"--report={place.out}/checks.json"]
    return _run(place, "-m", "pytest", *options, *report, f"{place.tests}/gpu")


def times(place: Place) -> int:
    """Time the rows of each workload; those that cannot run say why.

    Returns
    -------
    int
        The exit code of the first that failed, else 0.
    """
    codes = []
    for name, options in TIMED.items():
        print(f"\n== {name}", flush=True)
        files = ["--json", f"{place.out}/{name}.json", "--plot", f"{place.out}/{name}.png"]
        codes.append(_run(place, "-m", "workloads", name, *able(place, name, options), *files))
    return next(filter(None, codes), 0)


def able(place: Place, name: str, options: list[str]) -> list[str]:
    """Leave out the rows that cannot run: one would keep the others from being timed."""
    listed = subprocess.run(
        [*place.python, "-m", "workloads", name, "--list"],
        env={**os.environ, **place.env},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    unable = {line.split()[0] for line in listed.splitlines() if "[cannot run here: " in line}
    where = options.index("--impl") + 1
    able = [row for row in options[where].split(",") if row not in unable]
    return [*options[:where], ",".join(able), *options[where + 1 :]]


def _run(place: Place, *words: str) -> int:
    command = [*place.python, *words]
    return subprocess.run(command, env={**os.environ, **place.env}, check=False).returncode


def main(arguments: list[str]) -> int:
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
    if arguments not in ([], ["--here"]):
        raise UsageError("usage: hpcpy test-gpu [--here]")
    OUT.mkdir(parents=True, exist_ok=True)
    place = here() if arguments else in_image(have("sif", IMAGE)[0])
    code = checks(place)
    outcomes = [one["outcome"] for one in json.loads((OUT / "checks.json").read_text())["checks"]]
    if {*outcomes} <= {"cannot run"}:
        raise UnavailableError(_NO_CHECK % len(outcomes), hint="run it on a GPU node")
    return times(place) or code
