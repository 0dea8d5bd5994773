"""From srun to the last rank's first line, step by step."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checkout import run
from hpcpy.cluster.layout import default_layout
from hpcpy.core.errors import UnavailableError
from hpcpy.core.stages import StageError
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.roots import Base
from measure.running import output
from measure.samples import in_rounds

_SRUN = "srun --nodes=2 --ntasks=16 --overcommit --mpi=pmi2"
_IMAGES = "wheels,hpcpy"
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
    """Seconds from the start of srun until the last, and the first, of the ranks is so far.

    `image` is empty where there is none; `name` is a key of `STEPS`.
    """

    image: str
    name: str
    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=10)
    parser.add_argument("--srun", default=_SRUN, help=f"what starts the ranks (default: {_SRUN!r})")
    parser.add_argument("--images", default=_IMAGES, help=f"default: {_IMAGES}")


def main(options: argparse.Namespace) -> int:
    """Measure, write ``launch.json``, print a table."""
    srun, environment = _srun_words(options.srun)
    images = {one.name: one for one in roots.images(options.images.split(","), options.sif)}
    bare = (NO_IMAGE, NO_CONTAINER)
    steps = [Step("", name) for name in bare]
    steps += [Step(image, name) for image in images for name in STEPS if name not in bare]
    commands = {
        (one.image, one.name): [*srun, *_command(one.name, images.get(one.image))] for one in steps
    }

    def take(step: Step) -> None:
        first, last = to_the_ranks(commands[step.image, step.name], environment)
        step.first.append(first)
        step.seconds.append(last)

    with report.work_folder() as work:
        facts = report.circumstances("launch", [*images.values()], work)
        in_rounds(steps, options.samples, take, lambda step: f"{step.image} {step.name}")
        facts |= {"srun": options.srun, "results": steps}
        return report.finish(facts, options.out, [*images.values()][-1], work)


def _command(step: str, image: Base | None) -> list[str]:
    apptainer = str(ensure("apptainer").apptainer)
    if not image:
        return [*STEPS[step], *([apptainer] if step == NO_CONTAINER else [])]
    given = image.root if step == FOLDER else image.sif
    return [apptainer, "exec", "--sharens", str(given), *STEPS[step]]


def _srun_words(given: str) -> tuple[list[str], dict[str, str]]:
    """Return srun's words and variables: the local cluster's, where one runs."""
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
    """Return the seconds from a command's start to the first and last time that its ranks print."""
    title, before = shlex.join(command), time.time()
    printed = output(command, title, env={**os.environ, **environment}, timeout=_SECONDS)
    try:
        times = [float(word) - before for word in printed.split()]
        return min(times), max(times)
    except ValueError as error:
        raise StageError(f"{title} printed {printed.strip()!r}") from error


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
