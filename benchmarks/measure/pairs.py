"""Messages between two ranks, inside containers and outside, otherwise alike."""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.core.errors import UnavailableError
from hpcpy.core.stages import StageError
from hpcpy.fetch.many import fetch
from hpcpy.pins.sources import sources
from measure.roots import Base
from measure.samples import Interval, mean_ratio
from measure.targets import OWN_NETWORK, Target, container, image_variables, unpacked
from workloads.harness import machine

SIZES = (8, 1 << 10, 1 << 14, 1 << 16, 1 << 18, 1 << 20)
# Up to here a message's time is mostly its latency, above it mostly its bytes' transfer.
_SHORT = 1 << 14
GROUPS = {
    "latency": tuple(size for size in SIZES if size <= _SHORT),
    "bandwidth": tuple(size for size in SIZES if size > _SHORT),
    "all": SIZES,
}
_PLACES = ("outside", "inside")
# Short, so that what else the machine does disturbs some of them: their median counts.
_BURSTS = 9
_P2P = (
    *("-m", "workloads", "p2p", "--pattern", "ping-pong", "--impl", "mpi-upper"),
    *("--sizes", ",".join(map(str, SIZES)), "--repeat", str(_BURSTS), "--json", "-"),
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


@dataclass
class Overhead:
    """What was measured of one arrangement, by size: a value a pair of launches.

    `outside` and `inside` are seconds of a message, `ratios` inside by outside.
    """

    arrangement: Arrangement
    outside: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    inside: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})
    ratios: dict[int, list[float]] = field(default_factory=lambda: {size: [] for size in SIZES})

    @property
    def launches(self) -> int:
        """How many pairs there were."""
        return len(self.ratios[SIZES[0]])

    def interval(self, sizes: Sequence[int]) -> Interval:
        """Return the geometric mean over the launches and over some sizes.

        Sizes of one launch vary together: each launch counts as one value.
        """
        by_launch = zip(*(self.ratios[size] for size in sizes), strict=True)
        return mean_ratio([statistics.fmean(map(math.log, ratios)) for ratios in by_launch])

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, with its intervals."""
        named = {str(size): (size,) for size in SIZES} | GROUPS
        intervals = {name: asdict(self.interval(sizes)) for name, sizes in named.items()}
        return {**asdict(self), "intervals": intervals}


def measure(
    arrangement: Arrangement, image: Base, work: Path, enough: Callable[[Overhead], bool]
) -> Overhead:
    """Launch two ranks at both places by turns until it is enough, asked before each pair."""
    if machine.cores() < 2:
        raise UnavailableError("two ranks need a core each; this process has one")
    variables = image_variables(container(image.name, image.sif, work))
    targets = {
        "outside": unpacked("outside", image.root, work, variables),
        "inside": container("inside", image.sif, work),
    }
    commands = {name: _command(one, arrangement, work) for name, one in targets.items()}
    found = Overhead(arrangement)
    while not enough(found):
        # Another one is first in each pair.
        order = _PLACES if found.launches % 2 == 0 else _PLACES[::-1]
        pair = {name: _launch(name, commands[name]) for name in order}
        for size in SIZES:
            found.outside[size].append(pair["outside"][size])
            found.inside[size].append(pair["inside"][size])
            found.ratios[size].append(round(pair["inside"][size] / pair["outside"][size], 5))
    return found


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


def _launch(name: str, command: Sequence[str]) -> dict[int, float]:
    """Return the median seconds of a message by size."""
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
        raise StageError(f"{name}: ended with {done.returncode}: {said[0]}")
    found = {}
    for one in json.loads(done.stdout)["results"]:
        details = one["details"]
        # The clock counts nanoseconds.
        found[details[0]["bytes"]] = round(statistics.median(d["median"] for d in details), 9)
    return found
