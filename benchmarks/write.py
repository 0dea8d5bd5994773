"""Many files against one, on a disk, in memory and on MooseFS."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import itertools
import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from checkout import run
from hpcpy.cluster.processes import daemon_environment
from hpcpy.core import paths
from hpcpy.core.errors import UnavailableError, UsageError
from hpcpy.core.files import require_free, scratch_dir
from hpcpy.core.stages import StageError
from hpcpy.engine.setup import ensure
from measure import report, roots
from measure.running import output
from measure.samples import LEAST, in_rounds, mean_ratio
from measure.targets import WORK, container
from sharedfs import machines
from sharedfs.launch import VARIABLES

DISK, MEMORY, MOOSEFS = "disk", "memory", "moosefs"
NAMES = (DISK, MEMORY, MOOSEFS)
_FOLDERS = {DISK: paths.BUILD, MEMORY: Path("/dev/shm")}  # noqa: S108 - that one is meant
_IMAGE = "hpcpy"
_RANKS = 2
_FORMATS = ("npy", "hdf5", "hdf5-single", "raw")
_WORKERS = ("pool-apply", "multiprocessing", "queue")
_BINARY = (*_FORMATS, *_WORKERS, "mpi-chunks", "mpi-scatter", "hdf5-parallel")
# Wherever they write, most of their time is formatting: minutes for larger arrays.
_TEXT = ("text", "loops", "vectorized")
# To read more than this back takes longer than all else.
_MOST_VERIFIED = 1 << 30
# What `npy` says of itself.
_OPENING = re.compile(r"(\d+)% of it opens files")
# How many times faster is the second one? Both have as many workers.
_PAIRS = {
    "write": (
        ("npy", "hdf5"),
        ("npy", "hdf5-single"),
        ("mpi-scatter", "hdf5-parallel"),
        ("pool-apply", "multiprocessing"),
    ),
    "read": (("npy", "hdf5"), ("npy", "hdf5-single")),
}


@dataclass(frozen=True)
class Task:
    """Some techniques of ``write`` or ``read`` at some arrays, all by one command."""

    workload: str
    arrays: int
    side: int
    techniques: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """Of the doubles, for each technique."""
        return 8 * self.arrays * self.side**2

    @property
    def words(self) -> list[str]:
        """Its command: what `read` reads it compares in any case."""
        writes = self.workload == "write"
        mpi = ("mpiexec", "-n", str(_RANKS)) if writes else ()
        size = ("-n", str(self.arrays), "-s", str(self.side))
        how = ("--workers", str(_RANKS)) if writes else ("--cold",)
        trust = ("--no-verify",) if writes and self.bytes > _MOST_VERIFIED else ()
        impl = ("--impl", ",".join(self.techniques))
        workload = ("python", "-m", "workloads", self.workload)
        return [f"TMPDIR={WORK}", *mpi, *workload, *size, *impl, *how, *trust, "--json", "-"]


TASKS = (
    Task("write", 15, 100, (*_TEXT, *_BINARY)),
    Task("read", 15, 100, ("text", *_FORMATS)),
    Task("write", 100, 100, (*_TEXT, *_BINARY)),
    Task("read", 100, 100, ("text", *_FORMATS)),
    Task("write", 1_000, 100, _BINARY),
    Task("read", 1_000, 100, _FORMATS),
    # Two gigabytes each: only what the ratios and the talk's slides are of.
    Task(
        "write",
        1_000,
        500,
        ("npy", *_WORKERS, "mpi-chunks", "mpi-scatter", "hdf5", "hdf5-parallel"),
    ),
    Task("read", 1_000, 500, ("npy", "hdf5")),
)


@dataclass
class Row:
    """One technique at one place: seconds, and the percentage of them that opened files."""

    place: str
    workload: str
    arrays: int
    side: int
    technique: str
    workers: int = 1
    files: int = 0
    seconds: list[float] = field(default_factory=list)
    opening: list[int] = field(default_factory=list)

    def add(self, result: dict[str, Any]) -> None:
        """Take in what the workload's JSON says of it."""
        if not result["ok"]:
            raise StageError(f"{self.technique} at {self.place}: {result['verdict']}")
        self.workers, self.files = result["workers"], result["details"][-1]["files"]
        # The clock counts nanoseconds.
        self.seconds += [round(one, 9) for one in result["samples"]]
        if share := _OPENING.search(result["note"]):
            self.opening.append(int(share[1]))


def declare(parser: argparse.ArgumentParser) -> None:
    """Add the measurement's arguments."""
    help_ = f"a folder, or of {', '.join(NAMES)}: build/, /dev/shm, started by root (default: all)"
    parser.add_argument("places", nargs="*", metavar="PLACE", help=help_)
    report.add_options(parser, samples=LEAST, least=LEAST)


def main(options: argparse.Namespace) -> int:
    """Measure, write ``write-places.json`` and its picture, print a table."""
    places = choose(options.places)
    for place in places:
        _require_room(place)
    ensure("apptainer")
    (image,) = roots.images([_IMAGE], options.sif)
    rows: dict[tuple[str, Task, str], Row] = {}

    def take(kind: tuple[Task, str]) -> None:
        task, place = kind
        for result in ask(image.sif, place, task):
            row = Row(place, task.workload, task.arrays, task.side, result["impl"])
            rows.setdefault((place, task, result["impl"]), row).add(result)

    with report.work_folder() as work:
        facts = report.circumstances("write-places", [image], work)
        # The places next to each other: what else the machine does is the same for all.
        in_rounds([*itertools.product(TASKS, places)], options.samples, take)
        facts["places"] = {place: _file_system(place) for place in places}
        facts |= {"results": [*rows.values()], "ratios": [*ratios([*rows.values()])]}
        return report.finish(facts, options.out, image, work)


def choose(asked: Sequence[str]) -> list[str]:
    """Return the places; MooseFS is left out where it cannot be had, unless it was named."""
    for name in asked:
        if name not in NAMES and not Path(name).is_dir():
            raise UsageError(f"{name}: no folder, and none of {', '.join(NAMES)}")
    chosen = list(dict.fromkeys(asked or NAMES))
    if MOOSEFS in chosen:
        try:
            machines.require()
        except UnavailableError as error:
            if asked:
                raise
            chosen.remove(MOOSEFS)
            print(f"{MOOSEFS} IS LEFT OUT: {error}", file=sys.stderr)
    return chosen


def _folder(place: str) -> Path:
    return paths.BUILD if place == MOOSEFS else _FOLDERS.get(place, Path(place))


def _require_room(place: str) -> None:
    # What is removed from a MooseFS takes its room for minutes.
    need = (task.bytes * (len(task.techniques) if place == MOOSEFS else 2) for task in TASKS)
    require_free(_folder(place), max(need), place)


def _file_system(place: str) -> str:
    """Return the type of a place's file system, as the kernel names it."""
    if place == MOOSEFS:
        return "MooseFS: a metadata server, a chunk server and one client on this machine"
    folder = _folder(place).resolve()
    lines = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    kinds = {Path(mounted): kind for _, mounted, kind, *_ in lines}
    return next(kinds[path] for path in (folder, *folder.parents) if path in kinds)


@contextlib.contextmanager
def _ready(place: str) -> Iterator[tuple[Path, Sequence[str], dict[str, str] | None]]:
    """Give an empty folder, how a command gets there, and its variables, if not this process's.

    A MooseFS is a new one each time, and gone with all its files.
    """
    if place == MOOSEFS:
        layout = machines.layout(1, paths.BUILD / "writing/cluster")
        with machines.running(layout) as storm, storm.mounts[0].mounted():
            mount = storm.mounts[0]
            yield (
                mount.folder,
                mount.machine.entering(),
                {**daemon_environment(layout), **VARIABLES},
            )
    else:
        with scratch_dir(_folder(place).absolute(), ".hpcpy-writing") as folder:
            yield folder, (), None


def ask(sif: Path, place: str, task: Task) -> list[dict[str, Any]]:
    """Run a task in the image, and return the results that it tells."""
    title = f"{task.workload} at {place}"
    with _ready(place) as (folder, entering, variables):
        inside = container(_IMAGE, sif, folder).command(task.words, "env")
        printed = output([*entering, *inside], title, env=variables)
    return list(json.loads(printed)["results"])


def ratios(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Yield all ratios of `_PAIRS`, each a mean over the rounds."""
    found = {(one.place, one.workload, one.arrays, one.side, one.technique): one for one in rows}
    for where in dict.fromkeys(key[:-1] for key in found):
        place, workload, arrays, side = where
        for slower, faster in _PAIRS[workload]:
            many, one = found.get((*where, slower)), found.get((*where, faster))
            if many is None or one is None:
                continue
            # Of one round: what else the machine does disturbs both.
            rounds = zip(many.seconds, one.seconds, strict=True)
            interval = mean_ratio([math.log(a / b) for a, b in rounds])
            yield {
                "place": place,
                "workload": workload,
                "arrays": arrays,
                "side": side,
                "slower": slower,
                "faster": faster,
                "interval": dataclasses.asdict(interval),
            }


if __name__ == "__main__":
    sys.exit(run(declare, main, __doc__))
