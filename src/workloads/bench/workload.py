"""What a workload is: its techniques, its problems, and what a problem tells of each technique."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from hpcpy_common import machine, ranks
from hpcpy_common.errors import UnavailableError
from workloads.parallel import dask_cluster, given
from workloads.parallel.workers import use_numba_threads

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from workloads.bench.profiling import Measure
    from workloads.bench.result import Column, Result
    from workloads.parallel.workers import Workers

    # For annotations alone: numpy is not imported.
    Int32Array: TypeAlias = npt.NDArray[np.int32]
    Float32Array: TypeAlias = npt.NDArray[np.float32]
    Float64Array: TypeAlias = npt.NDArray[np.float64]

# By the module that uses it: what names a cluster that is there already, with its own workers.
_CLUSTERS = {"distributed": dask_cluster.VARIABLES, "pyspark": ("SPARK_MASTER",)}
# What to say where a kernel is absent: the image's build compiles them.
COMPILED = "compiled kernel absent: run inside the image"
IN_SPARK = "Spark is not in this image: run it in hpcpy-spark"
NO_NUMBA_CUDA = (
    "the package numba-cuda is not here: use the image hpcpy-cuda, or in a venv "
    "pip install 'numba-cuda[cu12]'"
)


@dataclass(frozen=True)
class Technique:
    """One way to compute a workload's answer."""

    where: str  # module:function, imported when it runs, not before
    summary: str  # one line for --list
    needs: tuple[str, ...] = ()  # modules that must be there
    absent: str = ""  # what to say when one is not, by default which one
    # What --workers counts.
    parallel: Literal["no", "threads", "processes", "ranks", "device"] = "no"
    # Its efficiency refers to a core of the first of these that has run.
    one_core: tuple[str, ...] = ()
    slow: bool = False  # does only a sample of the work, unless --full asks for all
    # A further check, cheap and without imports: why it cannot run here, or an empty string.
    obstacle: Callable[[], str] = str
    problems: tuple[str, ...] = ()  # tasks it is for; by default all that no technique names
    waits: bool = False  # its workers wait, and gain more than the cores can give
    # How its processes start, "thread" or "interpreter", or a device's libraries, with commas
    # (`workloads.parallel.given`).
    starts: str = "forkserver"
    note: str = ""  # what the report says of it

    @property
    def module(self) -> str:
        """The name of the module with its function."""
        return self.where.partition(":")[0]

    def uncountable(self) -> str:
        """Return why there cannot be more or fewer of its workers, or an empty string."""
        if self.parallel not in ("threads", "processes", "ranks"):
            return "no workers to count"
        names = (name for module in self.needs for name in _CLUSTERS.get(module, ()))
        given = next(filter(os.environ.get, names), "")
        return f"no workers to count but those of {given}" if given else ""

    def load(self) -> Callable[..., Any]:
        """Import its module and return its function."""
        if "numba" in self.needs and "NUMBA_NUM_THREADS" not in os.environ:
            # Numba reads it when it is imported, and never starts more threads than this. By
            # default that is the number of cores, and --workers may ask for more.
            os.environ["NUMBA_NUM_THREADS"] = str(max(machine.cores(), 8))
        module, _, name = self.where.partition(":")
        try:
            function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        except RuntimeError as error:
            if self.parallel != "device":
                raise
            # numba-cuda opens the toolkit's libcudart when it is imported.
            from workloads.device.cuda import NO_TOOLKIT, reason  # noqa: PLC0415

            fault = f"{self.needs[-1]} cannot be loaded ({reason(error)})"
            raise UnavailableError(fault, hint=NO_TOOLKIT) from error
        return function

    def why_not(self) -> str:
        """Return why it cannot run here, or an empty string."""
        # The obstacle first: without a GPU no package is of any help.
        if reason := self.obstacle():
            return reason
        absent = next((module for module in self.needs if not _is_there(module)), "")
        return (self.absent or f"Python has no module {absent!r} here") if absent else ""

    def why_not_in_all(self) -> str:
        """Return why it cannot run here or would show nothing, or an empty string."""
        if not (reason := self.why_not()) and self.parallel == "ranks" and ranks.expected() == 1:
            return "one rank: start it with mpiexec -n N or srun -n N"
        return reason


def _is_there(module: str) -> bool:
    # find_spec imports the parents alone, never the module itself.
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@dataclass
class Trial:
    """One technique, ready to be timed."""

    name: str
    technique: Technique
    workers: Workers
    profile: Measure
    comm: Any = None  # the communicator of the ranks that compute; None of one process
    repetition: int = 0  # how many there have been before
    seconds: float = 0.0  # of this repetition so far, by the wall clock

    @property
    def compute(self) -> Callable[..., Any]:
        """The technique's function."""
        return self.technique.load()

    @property
    def note(self) -> str:
        """What there is to say of it once it has run: which device, and what its row says."""
        return ", ".join(filter(None, (self.workers.note, self.technique.note)))

    def call(self, *problem: Any, modules: Sequence[str] = (), **more: Any) -> Any:
        """Call the technique with its problem and what it needs; its workers import `modules`.

        `more` is what else it may name.
        """
        technique, function = self.technique, self.compute
        if technique.parallel == "threads" and "numba" in technique.needs:
            self.workers.note = f"{use_numba_threads(self.workers.count)} threads"
        modules = technique.module, *modules
        return given.call(function, problem, self.workers, technique.starts, *modules, more=more)

    @property
    def is_first(self) -> bool:
        """Whether this is the process whose answer counts."""
        return self.comm is None or bool(self.comm.rank == 0)

    @property
    def count(self) -> int:
        """How many compute; right only once they have started."""
        if self.comm is not None:
            return int(self.comm.size)
        return self.workers.count if self.technique.parallel in ("threads", "processes") else 1

    @contextlib.contextmanager
    def clock(self) -> Iterator[None]:
        """Give a region that is timed and profiled; the ranks that compute begin it together."""
        if self.comm is not None:
            self.comm.Barrier()
        with self.profile():
            started = time.perf_counter()
            yield
            self.seconds += time.perf_counter() - started


@dataclass(frozen=True)
class Outcome:
    """What one repetition gave."""

    seconds: float
    work: int  # how much was done, in the workload's unit
    answer: str  # what identifies it: its SHA-256, or the count
    ok: bool
    verdict: str  # what the answer was compared with and how that went
    note: str = ""  # what else there is to say
    # More numbers, for --json and the workload's own columns and tables.
    details: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0  # of a sample: how much all the work would be


class Attempt(Protocol):
    """One technique at one problem."""

    def warm_up(self) -> None:
        """Do a little once, so that libraries are loaded and code is compiled."""

    def once(self) -> Outcome:
        """Do it once, timed by the trial's clock, and check the answer."""


class Problem(Protocol):
    """One thing that is computed, by one technique after the other.

    With MPI each rank has its own, and all ranks make the same calls; what
    rank 0's returns counts.
    """

    @property
    def name(self) -> str:
        """For tables and charts."""

    @property
    def task(self) -> str:
        """The name by which `Technique.problems` knows it."""

    @property
    def title(self) -> str:
        """The line above the table."""

    def parameters(self) -> Mapping[str, object]:
        """Return what ``--json`` records of it."""

    def prepare(self, names: Sequence[str]) -> None:
        """Refuse what these techniques cannot do."""

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the lines below the table."""


class Overview(Protocol):
    """All problems in one table and one chart, in place of one each."""

    def table(self, results: Sequence[Result]) -> str:
        """Return what is printed after the last problem."""

    def chart(self, path: Path, results: Sequence[Result]) -> None:
        """Draw what ``--plot`` writes."""


@dataclass(frozen=True)
class Workload:
    """A workload's part of the command line and of the report."""

    name: str  # in `python -m workloads NAME`
    description: str  # for --help
    title: str  # of charts
    rate: str  # what it counts, for charts
    unit: str  # of the rate, in millions of what `work` counts: M tests/s
    techniques: Mapping[str, Technique]
    fastest: Sequence[str]  # what `auto` tries, first to last
    # What a technique does with a problem; called on the ranks that compute.
    attempt: Callable[[Any, Trial], Attempt]
    # Adds the options that say what to compute, to their group.
    add_options: Callable[[argparse._ArgumentGroup], None]
    problems: Callable[[argparse.Namespace], Sequence[Problem]]
    baseline: str | Sequence[str] = "python"  # of speed-ups; of several the first that has run
    request: str = "auto"  # what runs without --impl
    # Returns the workload for these options: with more techniques, another `request`.
    adapt: Callable[[Workload, argparse.Namespace], Workload] | None = None
    # Returns a problem with so many times the work, for weak scaling.
    grown: Callable[[Any, int], Problem] | None = None
    overview: Overview | None = None
    # Its own columns of the table: heads, and functions of a result and all results.
    columns: Mapping[str, Column] = field(default_factory=dict)
    # Its options of files, and the endings that each may have: they are looked at before a run.
    outputs: Mapping[str, Collection[str]] = field(default_factory=dict)
