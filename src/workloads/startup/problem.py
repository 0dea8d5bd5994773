"""One program that is started, by one technique after the other."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from workloads.bench.workload import Outcome
from workloads.startup import program

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial
    from workloads.startup.cases import Invocation


@dataclass(frozen=True)
class Start:
    """A start of this interpreter.

    Parameters
    ----------
    case
        What it runs.
    note
        Lines to print before it runs.
    """

    case: Invocation
    note: str = ""

    task: ClassVar[str] = "startup"

    @property
    def name(self) -> str:
        """The case's."""
        return self.case.name

    @property
    def title(self) -> str:
        """The line above a table."""
        return f"startup: {self.name}"

    def parameters(self) -> Mapping[str, object]:
        """Return what is started."""
        return {"command": self.case.command}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse nothing; return what was left out."""
        return self.note

    def attempt(self, trial: Trial) -> _Attempt:
        """Return what a technique does."""
        return _Attempt(self.case, trial)

    def finish(self, result: Result) -> None:
        """Record that all of the work was done."""
        result.total = result.work

    def remarks(self, _: Sequence[Result]) -> list[str]:
        """Return nothing: the overview has all lines."""
        return []


@functools.cache
def _started_before(command: tuple[str, ...]) -> None:
    program.run(command)


class _Attempt:
    """One way to look at one start."""

    def __init__(self, case: Invocation, trial: Trial) -> None:
        self._case, self._trial = case, trial

    def warm_up(self) -> None:
        """Start it once, so that its files are in memory and its cache folders exist."""
        _started_before(tuple(self._case.command))

    def once(self) -> Outcome:
        """Start it and look."""
        details, verdict = self._trial.compute(self._case, self._trial)
        starts = int(details.get("starts", 1))
        right = not verdict.startswith("WRONG")
        return Outcome(self._trial.seconds, starts, "exit code 0", right, verdict, details=details)
