"""What a workload is: its problems, its techniques, and what the report says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from workloads.bench.result import Column, Result
    from workloads.bench.run import Trial
    from workloads.bench.technique import Technique

    # For annotations alone: numpy is not imported.
    Int32Array: TypeAlias = npt.NDArray[np.int32]
    Float32Array: TypeAlias = npt.NDArray[np.float32]
    Float64Array: TypeAlias = npt.NDArray[np.float64]


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

    def prepare(self, names: Sequence[str]) -> str:
        """Refuse what these techniques cannot do; return a line to show, or an empty string."""

    def attempt(self, trial: Trial) -> Attempt:
        """Return what a technique does; called on the ranks that compute."""

    def finish(self, result: Result) -> None:
        """Complete a result: how much there was to do, what else there is to say."""

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
