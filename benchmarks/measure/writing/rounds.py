"""Write and read the talk's arrays at all places in turns, a process each time."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hpcpy.core.stages import StageError
from measure.targets import WORK, container
from measure.writing import places
from measure.writing.places import Place

RANKS = 2
_FORMATS = ("npy", "hdf5", "hdf5-single", "raw")
_WORKERS = ("pool-apply", "multiprocessing", "queue")
_BY_MPI = ("mpi-send", "mpi-chunks", "mpi-scatter", "hdf5-parallel")
_ONE_FILE = ("hdf5", "hdf5-parallel")
_BINARY = (*_FORMATS, *_WORKERS, *_BY_MPI)
# Wherever they write, most of their time is formatting: minutes for larger arrays.
_TEXT = ("text", "loops", "vectorized")
# To read more than this back takes longer than all else.
_MOST_VERIFIED = 1 << 30
# What `npy` says of itself.
_OPENING = re.compile(r"(\d+)% of it opens files")


@dataclass(frozen=True)
class Task:
    """Some techniques at some arrays, all of them by one command.

    Attributes
    ----------
    workload
        ``write`` or ``read``.
    arrays, side
        How many, and how large.
    techniques
        Which.
    """

    workload: str
    arrays: int
    side: int
    techniques: tuple[str, ...]

    @property
    def size(self) -> str:
        """In words."""
        return f"{self.arrays:,} × {self.side}²"

    @property
    def bytes(self) -> int:
        """Of the doubles, for each technique."""
        return 8 * self.arrays * self.side**2

    def words(self, *, verify: bool) -> list[str]:
        """Return its command; what `read` reads it compares in any case."""
        mpi = ("mpiexec", "-n", str(RANKS)) if self.workload == "write" else ()
        size = ("-n", str(self.arrays), "-s", str(self.side))
        how = ("--workers", str(RANKS)) if mpi else ("--cold",)
        trust = () if verify or not mpi else ("--no-verify",)
        impl = ("--impl", ",".join(self.techniques))
        all_words = (*mpi, "python", "-m", "workloads", self.workload, *size, *impl, *how, *trust)
        return ["env", f"TMPDIR={WORK}", *all_words, "--json", "-"]


TASKS = (
    Task("write", 15, 100, (*_TEXT, *_BINARY)),
    Task("read", 15, 100, ("text", *_FORMATS)),
    Task("write", 100, 100, (*_TEXT, *_BINARY)),
    Task("read", 100, 100, ("text", *_FORMATS)),
    Task("write", 1_000, 100, _BINARY),
    Task("read", 1_000, 100, _FORMATS),
    # Two gigabytes each: only what the ratios and the talk's slides are of.
    Task("write", 1_000, 500, ("npy", *_WORKERS, "mpi-chunks", "mpi-scatter", *_ONE_FILE)),
    Task("read", 1_000, 500, ("npy", "hdf5")),
)


@dataclass
class Row:
    """One technique at one place: a value a round.

    Attributes
    ----------
    place, workload, arrays, side, technique
        Which.
    workers, files
        How many there were.
    seconds
        Of the writing or the reading.
    opening
        The percentage of them that opening the files took, if the technique tells.
    """

    place: str
    workload: str
    arrays: int
    side: int
    technique: str
    workers: int = 1
    files: int = 0
    seconds: list[float] = field(default_factory=list)
    opening: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)

    def add(self, told: dict[str, Any]) -> None:
        """Take in what the workload's JSON says of it."""
        if not told["ok"]:
            raise StageError(f"{self.technique} at {self.place}: {told['verdict']}")
        self.workers, self.files = told["workers"], told["details"][-1]["files"]
        # The clock counts nanoseconds.
        self.seconds += [round(one, 9) for one in told["samples"]]
        if share := _OPENING.search(told["note"]):
            self.opening.append(int(share[1]))


def measure(
    sif: Path,
    names: Sequence[str],
    number: int,
    tasks: Sequence[Task] = TASKS,
    show: Callable[[str], None] = lambda _: None,
) -> list[Row]:
    """Run every task at every place in each round, in turns.

    Parameters
    ----------
    sif
        The image.
    names
        The places.
    number
        How many rounds.
    tasks
        What is written and read.
    show
        Told what is done next.

    Raises
    ------
    StageError
        When a command fails, or an answer is wrong.
    """
    rows: dict[tuple[str, ...], Row] = {}
    for turn in range(number):
        # Another one is first in each round: none has the better neighbour.
        order = [names[(turn + shift) % len(names)] for shift in range(len(names))]
        with _all_ready(order) as there:
            for task in tasks:
                for place in there:
                    show(f"round {turn + 1}: {task.workload} {task.size}, {place.name}")
                    verify = turn == 0 and task.bytes <= _MOST_VERIFIED
                    for told in ask(sif, place, task, verify=verify):
                        key = (place.name, task.workload, task.size, told["impl"])
                        row = Row(place.name, task.workload, task.arrays, task.side, told["impl"])
                        rows.setdefault(key, row).add(told)
    return list(rows.values())


@contextlib.contextmanager
def _all_ready(names: Sequence[str]) -> Iterator[list[Place]]:
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(places.ready(name)) for name in names]


def ask(sif: Path, place: Place, task: Task, *, verify: bool) -> list[dict[str, Any]]:
    """Run a task in the image, and return the results that it tells.

    Raises
    ------
    StageError
        When it fails.
    """
    program, *arguments = task.words(verify=verify)
    inside = container("hpcpy", sif.absolute(), place.folder)
    command = [*place.entering, *inside.command(arguments, program)]
    done = subprocess.run(
        command,
        env=places.environment(place),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        if done.returncode == 0:
            return list(json.loads(done.stdout)["results"])
    except (ValueError, KeyError) as error:
        raise StageError(f"{task.workload} at {place.name} printed no JSON: {error}") from error
    said = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
    print(done.stderr, file=sys.stderr, end="")
    raise StageError(f"{task.workload} at {place.name} ended with {done.returncode}: {said[0]}")
