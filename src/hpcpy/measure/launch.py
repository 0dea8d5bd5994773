"""``hpcpy bench launch``: from srun to the last rank's first line, step by step."""

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

from hpcpy import paths
from hpcpy.build.command import have
from hpcpy.build.stamps import read_stamp
from hpcpy.cluster.layout import default_layout
from hpcpy.engine.setup import ensure
from hpcpy.errors import UnavailableError, UsageError
from hpcpy.measure import launch_chart, report
from hpcpy.measure.samples import progress
from hpcpy.measure.targets import container
from hpcpy.stages import StageError, stage
from workloads.harness import machine

_SAMPLES = 10
_SRUN = "srun --nodes=2 --ntasks=16 --overcommit --mpi=pmi2"
_IMAGES = ("wheels", "hpcpy")
_SECONDS = 300
# With --sharens a rank that joins when the node's first one has ended fails.
_CLOCK = ("sh", "-c", "date +%s.%N; sleep 1")
_PYTHON = ("python3", "-c")
_TIME = "import time; print(f'{time.time():.6f}', flush=True); time.sleep(1)"
_BARRIER = "from mpi4py import MPI; MPI.COMM_WORLD.Barrier()"
# Each has all of the step before it, and says the time once it is there.
STEPS = {
    "Slurm": _CLOCK,
    "Apptainer": _CLOCK,
    "Python": (*_PYTHON, _TIME),
    "MPI_Init, a barrier": (*_PYTHON, f"{_BARRIER}; {_TIME}"),
    "numpy, numba, h5py": (*_PYTHON, f"import numpy, numba, h5py; {_BARRIER}; {_TIME}"),
}
NO_IMAGE = "Slurm"


@dataclass
class Step:
    """How long it takes until all ranks have come so far.

    Attributes
    ----------
    image, name
        Of which, and a key of `STEPS`.
    seconds
        From the start of srun to the last rank, one a round.
    """

    image: str
    name: str
    seconds: list[float] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    parser.add_argument(
        "--samples", type=int, default=_SAMPLES, help=f"of each step (default {_SAMPLES})"
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
    sifs = {name: have("sif", name)[0] for name in options.images.split(",")}
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
    engines = {name: [apptainer, "exec", "--sharens", str(sif)] for name, sif in sifs.items()}
    steps = [Step("", NO_IMAGE)]
    steps += [Step(image, name) for image in sifs for name in STEPS if name != NO_IMAGE]
    show = progress(samples * len(steps))
    for _ in range(samples):
        for step in steps:
            show(f"{step.image} {step.name}")
            command = [*srun, *engines.get(step.image, []), *STEPS[step.name]]
            step.seconds.append(to_the_last(command, environment))
    show("")
    return steps


def table(steps: Sequence[Step]) -> str:
    """Return a table in Markdown: what each step adds, in milliseconds, and all together."""
    images = list(dict.fromkeys(step.image for step in steps if step.image))
    found = {(step.image, step.name): statistics.median(step.seconds) for step in steps}
    slurm = found["", NO_IMAGE]
    lines = [f"| step, ms | {' | '.join(images)} |", f"|---|{'--:|' * len(images)}"]
    lines.append(f"| {NO_IMAGE} | {' | '.join([f'{slurm * 1e3:,.0f}'] * len(images))} |")
    names = [name for name in STEPS if name != NO_IMAGE]
    for before, name in zip([NO_IMAGE, *names], names, strict=False):
        added = [
            found[image, name] - (slurm if before == NO_IMAGE else found[image, before])
            for image in images
        ]
        lines.append(f"| {name} | {' | '.join(f'{one * 1e3:,.0f}' for one in added)} |")
    whole = " | ".join(f"{found[image, names[-1]] * 1e3:,.0f}" for image in images)
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
        raise UnavailableError("no job of Slurm's is around this", hint="make cluster starts one")
    return shlex.split(given), found


def to_the_last(command: Sequence[str], environment: Mapping[str, str]) -> float:
    """Return the seconds from a command's start to the latest time that its ranks print.

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
        return max(map(float, done.stdout.split())) - before
    except ValueError as error:
        raise StageError(f"{shlex.join(command)} printed {done.stdout.strip()!r}") from error


def _draw(results: Path, image: str, sif: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="hpcpy-launch.") as folder:
        work = Path(folder)
        drawing = container(image, sif, work)
        program = Path(launch_chart.__file__)
        report.draw(results / "launch.json", results / "launch.png", drawing, work, program)
