"""Messages between two ranks, inside containers against outside, otherwise alike."""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.engine.setup import ensure
from hpcpy.fetch.many import fetch
from hpcpy.pins.sources import sources
from measure import report, roots
from measure.roots import Base
from measure.running import output
from measure.samples import LEAST, in_rounds, mean_ratio
from measure.targets import OWN_NETWORK, Target, container, image_variables, unpacked
from workloads.bench import machine

_IMAGE = "hpcpy"
_SIZES = (8, 1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20)
# Up to here a message's time is mostly its latency, above it mostly its bytes' transfer.
_SHORT = 1 << 14
_GROUPS = {
    **{str(size): (size,) for size in _SIZES},
    "latency": tuple(size for size in _SIZES if size <= _SHORT),
    "bandwidth": tuple(size for size in _SIZES if size > _SHORT),
    "all": _SIZES,
}
# Short, so that what else the machine does disturbs some of them: their median counts.
_BURSTS = 9
_P2P = (
    *("-m", "workloads", "p2p", "--impl", "mpi-upper"),
    *("--sizes", ",".join(map(str, _SIZES)), "--repeat", str(_BURSTS), "--json", "-"),
)
_SECONDS = 120
_OWN_MPIEXEC = "/opt/mpich/bin/mpiexec"
# Its mpiexec runs on the host, where the image's own would lack the image's C library.
_WHEEL = "mpich-abi"
_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Arrangement:
    """Two ranks of one node: each in a container of its own, as srun does it, or both in one."""

    title: str
    apart: bool
    variables: Mapping[str, str] = field(default_factory=dict)


ARRANGEMENTS = {
    "apart": Arrangement("a container a rank", apart=True),
    "together": Arrangement("both in one container", apart=False),
    # As two nodes' ranks would, through the node's own network.
    "tcp": Arrangement("a container a rank, by TCP", True, {"MPIR_CVAR_NOLOCAL": "1"}),
}


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    report.add_options(parser, samples=40, least=LEAST)
    known = ",".join(ARRANGEMENTS)
    parser.add_argument("--ranks", default=known, help=f"default: {known}")


def main(options: argparse.Namespace) -> int:
    """Measure, write ``overhead.json`` and its picture, print a table."""
    names = options.ranks.split(",")
    if unknown := sorted(set(names) - set(ARRANGEMENTS)):
        raise UsageError(f"--ranks {unknown[0]}: none of {', '.join(ARRANGEMENTS)}")
    (image,) = roots.images([_IMAGE], options.sif)
    ensure("apptainer")
    if machine.cores() < 2:
        raise UnavailableError("two ranks need a core each; this process has one")
    with report.work_folder() as work:
        facts = report.circumstances("overhead", [image], work)
        found = [_measured(ARRANGEMENTS[name], image, work, options.samples) for name in names]
        return report.finish({**facts, "results": found}, options.out, image, work)


def _measured(arrangement: Arrangement, image: Base, work: Path, number: int) -> dict[str, Any]:
    """Launch two ranks at both places by turns.

    Returned are, by size and a value a pair of launches, seconds of a message ``outside`` and
    ``inside``, and ``ratios`` inside by outside.
    """
    variables = image_variables(container(image.name, image.sif, work))
    targets = {
        "outside": unpacked("outside", image.root, work, variables),
        "inside": container("inside", image.sif, work),
    }
    commands = {place: _command(one, arrangement, work) for place, one in targets.items()}
    seconds: dict[str, dict[int, list[float]]]
    seconds = {place: {size: [] for size in _SIZES} for place in targets}

    def take(place: str) -> None:
        for size, taken in _launch(place, commands[place]).items():
            seconds[place][size].append(taken)

    in_rounds([*targets], number, take, lambda place: f"{arrangement.title}, {place}")
    ratios = {}
    for size in _SIZES:
        pairs = zip(seconds["inside"][size], seconds["outside"][size], strict=True)
        ratios[size] = [round(inside / outside, 5) for inside, outside in pairs]
    intervals = {}
    for name, sizes in _GROUPS.items():
        # Sizes of one launch vary together: each launch counts as one value.
        by_launch = zip(*(ratios[size] for size in sizes), strict=True)
        logarithms = [statistics.fmean(map(math.log, launch)) for launch in by_launch]
        intervals[name] = asdict(mean_ratio(logarithms))
    return {"arrangement": arrangement, **seconds, "ratios": ratios, "intervals": intervals}


def _command(target: Target, arrangement: Arrangement, work: Path) -> list[str]:
    variables = {**OWN_NETWORK, **arrangement.variables}
    given = [f"{name}={value}" for name, value in variables.items()]
    if not arrangement.apart:
        words = [*given, _OWN_MPIEXEC, "-n", "2", target.program, *_P2P]
        return target.command(words, program="env")
    clean = ["env", "--ignore-environment", _PATH, *given, str(_mpiexec(work)), "-n", "2"]
    return [*clean, *target.with_variables().command(_P2P)]


def _mpiexec(work: Path) -> Path:
    """Return MPICH's mpiexec for the host, of the wheel that its project publishes."""
    folder = work / "mpich"
    if not folder.exists():
        pin = sources()[_WHEEL]
        with zipfile.ZipFile(fetch([pin])[pin]) as wheel:
            inside = f"mpich-{pin.version}.data/data/bin/"
            wheel.extractall(folder, [one for one in wheel.namelist() if one.startswith(inside)])
        (folder / inside).rename(folder / "bin")
        for program in (folder / "bin").iterdir():
            program.chmod(0o755)
    return folder / "bin/mpiexec"


def _launch(place: str, command: Sequence[str]) -> dict[int, float]:
    """Return the median seconds of a message by size."""
    found = {}
    for one in json.loads(output(command, place, timeout=_SECONDS))["results"]:
        details = one["details"]
        # The clock counts nanoseconds.
        found[details[0]["bytes"]] = round(statistics.median(d["median"] for d in details), 9)
    return found


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
