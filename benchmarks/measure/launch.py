"""From srun to the last rank's first line, step by step."""

from __future__ import annotations

import argparse
import os
import shlex
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.build.command import ensure_image
from hpcpy.build.stamps import read_stamp
from hpcpy.cluster.layout import default_layout
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.stages import StageError, stage
from hpcpy.engine.setup import ensure
from measure import launch_chart, report, roots
from measure.samples import progress
from measure.targets import container
from workloads.harness import machine

_SAMPLES = 10
_SRUN = "srun --nodes=2 --ntasks=16 --overcommit --mpi=pmi2"
_IMAGES = ("wheels", "hpcpy")
_SECONDS = 300
# With --sharens a rank fails if it starts after the node's first rank has ended.
_TELL = "date +%s.%N; sleep 1"
_CLOCK = ("sh", "-c", _TELL)
_PYTHON = ("python3", "-c")
_TIME = "import time; print(f'{time.time():.6f}', flush=True); time.sleep(1)"
_BARRIER = "from mpi4py import MPI; MPI.COMM_WORLD.Barrier()"
# Each has all of the step before it, and says the time once it is there.
NO_IMAGE, NO_CONTAINER, FOLDER = "Slurm", "Apptainer: its program", "namespaces, binds"
STEPS = {
    NO_IMAGE: _CLOCK,
    NO_CONTAINER: ("sh", "-c", f'"$0" --version >/dev/null; {_TELL}'),
    # The image's files, unpacked, in place of its mount.
    FOLDER: _CLOCK,
    "the image's mount": _CLOCK,
    "Python": (*_PYTHON, _TIME),
    "MPI_Init, a barrier": (*_PYTHON, f"{_BARRIER}; {_TIME}"),
    "numpy, numba, h5py": (*_PYTHON, f"import numpy, numba, h5py; {_BARRIER}; {_TIME}"),
}


@dataclass
class Step:
    """How long it takes until all ranks have come so far.

    Attributes
    ----------
    image, name
        The image, empty where there is none, and a key of `STEPS`.
    seconds
        From the start of srun to the last rank, one a round.
    first
        To the first rank.
    """

    image: str
    name: str
    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    parser.add_argument(
        "--samples",
        type=int,
        default=_SAMPLES,
        metavar="N",
        help=f"of each step (default {_SAMPLES})",
    )
    parser.add_argument("--srun", default=_SRUN, help=f"what starts the ranks (default: {_SRUN!r})")
    parser.add_argument("--images", default=",".join(_IMAGES), help="default: wheels,hpcpy")
    report.add_out(parser)


def main(options: argparse.Namespace) -> int:
    """Measure and write ``results/launch.json``, a picture and a table of ``startup-cold.md``.

    Returns
    -------
    int
        0; problems are raised.
    """
    if options.samples < 1:
        raise UsageError(f"--samples {options.samples}: at least one is needed")
    srun, environment = srun_words(options.srun)
    sifs = {name: ensure_image("sif", name)[0] for name in options.images.split(",")}
    load = os.getloadavg()
    with stage(f"{options.samples} launches of each step") as current:
        steps = _launches(srun, environment, sifs, options.samples)
        current.note = f"{len(steps)} steps"
    told = {
        "benchmark": "launch",
        "machine": machine.describe(),
        "load_average": load,
        "images": {name: read_stamp(sif).get("digest") for name, sif in sifs.items()},
        "srun": options.srun,
        "command": shlex.join(["./hpcpy", *options.words]),
    }
    results = options.out / "results"
    report.write_json(results / "launch.json", steps, told)
    _draw(results, *next(reversed(sifs.items())))
    page = options.out / "startup-cold.md"
    report.write_page(paths.ROOT / "docs/startup-cold.md", page, table(steps), "launch")
    print(table(steps), end="")
    return 0


def _launches(
    srun: Sequence[str], environment: Mapping[str, str], sifs: Mapping[str, Path], samples: int
) -> list[Step]:
    apptainer = str(ensure("apptainer").apptainer)
    folders = {name: _unpacked(name, sif) for name, sif in sifs.items()}
    bare = (NO_IMAGE, NO_CONTAINER)
    steps = [Step("", name) for name in bare]
    steps += [Step(image, name) for image in sifs for name in STEPS if name not in bare]
    show = progress(samples * len(steps))
    for _ in range(samples):
        for step in steps:
            show(f"{step.image} {step.name}")
            command = [*srun]
            if step.image:
                image = (folders if step.name == FOLDER else sifs)[step.image]
                command += [apptainer, "exec", "--sharens", str(image)]
            command += STEPS[step.name]
            if step.name == NO_CONTAINER:
                command.append(apptainer)
            first, last = to_the_ranks(command, environment)
            step.first.append(first)
            step.seconds.append(last)
    show("")
    return steps


def _unpacked(name: str, sif: Path) -> Path:
    return roots.unpacked_root(name, sif, str(read_stamp(sif).get("digest")))


def table(steps: Sequence[Step]) -> str:
    """Return a table in Markdown: what each step adds, in milliseconds, and all together."""
    images = list(dict.fromkeys(step.image for step in steps if step.image))
    found = {(step.image, step.name): statistics.median(step.seconds) * 1e3 for step in steps}
    lines = [f"| step, ms | {' | '.join(images)} |", f"|---|{'--:|' * len(images)}"]
    before = dict.fromkeys(images, 0.0)
    for name in dict.fromkeys(step.name for step in steps):
        # A step without an image counts for each image.
        until = {image: found.get((image, name), found.get(("", name), 0)) for image in images}
        added = [until[image] - before[image] for image in images]
        lines.append(f"| {name} | {' | '.join(f'{one:,.0f}' for one in added)} |")
        before = until
    whole = " | ".join(f"{one:,.0f}" for one in before.values())
    return "\n".join([*lines, f"| **to the last rank** | {whole} |"]) + "\n"


def srun_words(given: str) -> tuple[list[str], dict[str, str]]:
    """Return srun's words and variables: the local cluster's, where one runs.

    Raises
    ------
    UnavailableError
        When there is none, and no job around this process.
    """
    layout = default_layout()
    found: dict[str, str] = {}
    if layout.conf.exists():
        found = {
            "SLURM_CONF": str(layout.conf),
            "PATH": f"{layout.bin}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        }
    elif "SLURM_JOB_ID" not in os.environ:
        raise UnavailableError("this is not in a Slurm job", hint="make cluster starts one")
    return shlex.split(given), found


def to_the_ranks(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Return the seconds from a command's start to the first and last time that its ranks print.

    Raises
    ------
    StageError
        When it cannot be started, ends with another code than 0, does not end, or
        prints something else.
    """
    before = time.time()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StageError(f"{shlex.join(command)}: {error}") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise StageError(f"{shlex.join(command)} ended with {done.returncode}: {said[0]}")
    try:
        told = [float(word) - before for word in done.stdout.split()]
        return min(told), max(told)
    except ValueError as error:
        raise StageError(f"{shlex.join(command)} printed {done.stdout.strip()!r}") from error


def _draw(results: Path, image: str, sif: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hpcpy-launch.") as folder:
        work = Path(folder)
        drawing = container(image, sif, work)
        program = Path(launch_chart.__file__)
        report.draw(results / "launch.json", results / "launch.png", drawing, work, program)
