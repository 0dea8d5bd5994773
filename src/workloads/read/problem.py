"""Arrays that are read in one format: they are written before, timed and compared."""

from __future__ import annotations

import contextlib
import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from workloads.bench.workload import Outcome
from workloads.errors import OutputError, WorkloadError
from workloads.read import cache
from workloads.write import answer, reading
from workloads.write.definition import Series
from workloads.write.files import require_room
from workloads.write.place import Place
from workloads.write.problem import require_memory

if TYPE_CHECKING:
    from workloads.bench.result import Result
    from workloads.bench.run import Trial
    from workloads.parallel.workers import Workers

_WARM_UP = Series(3, 2)
# Every run asks for the arrays in the same order.
_SEED = 2022


@dataclass(frozen=True)
class Arrays:
    """Arrays that are to be read by their numbers, in an order drawn at random.

    Parameters
    ----------
    series
        The arrays.
    cold
        Whether the files are taken out of the page cache before they are read.
    """

    series: Series
    cold: bool

    task: ClassVar[str] = "read"

    @property
    def name(self) -> str:
        """How many, and how large."""
        return f"{self.series.n:,} arrays {self.series.s}×{self.series.s}"

    @property
    def title(self) -> str:
        """The line above the table."""
        return f"read: {self.name}, {self.series.bytes / 1e6:,.1f} MB of doubles"

    def parameters(self) -> Mapping[str, object]:
        """Return the arrays' number and size, and whether they are read cold."""
        return {**vars(self.series), "cold": self.cold}

    def prepare(self, _: Sequence[str]) -> str:
        """Refuse arrays that do not fit into memory."""
        require_memory(self.series)
        return ""

    def attempt(self, trial: Trial) -> _Attempt:
        """Return what a format does."""
        return _Attempt(self, trial)

    def finish(self, result: Result) -> None:
        """Say that all of it was done."""
        result.total = self.series.bytes

    def remarks(self, _: Sequence[Result]) -> list[str]:
        """Return where the files were read from."""
        where = Place(None).base
        what = "not in this machine's page cache" if self.cold else "in the page cache"
        return [f"read from a temporary folder in {where}, {what}; written before, not timed"]


class _Attempt:
    """One format."""

    def __init__(self, arrays: Arrays, trial: Trial) -> None:
        self._arrays, self._trial = arrays, trial

        def scratch(_: Workers) -> contextlib.AbstractContextManager[Path]:
            return Place(None).scratch(trial.name, trial.job)

        self._scratch = trial.workers.hold(scratch)
        require_room(self._scratch, reading.bytes_of(arrays.series, trial.module.read))

    def warm_up(self) -> None:
        """Write and read a few small arrays."""
        folder = self._written(_WARM_UP, "warm-up")
        try:
            for _ in self._trial.module.read(folder, _WARM_UP):
                pass
        except OSError as error:
            raise WorkloadError(f"{folder}: cannot be read: {answer.brief(error)}") from error
        _remove(folder)

    def once(self) -> Outcome:
        """Write them, then read them one by one, each compared."""
        trial, series = self._trial, self._arrays.series
        folder = self._written(series, str(trial.repetition))
        if self._arrays.cold:
            cache.drop(folder)
        made, size = answer.files(folder)
        try:
            wrong = self._read(folder)
        # A damaged file may raise anything.
        except Exception as error:
            wrong = f"cannot be read: {answer.brief(error)}"
        _remove(folder)
        verdict = f"WRONG: {wrong}" if wrong else "matches the definition"
        details = {"arrays": series.n, "files": made, "disk_bytes": size}
        return Outcome(trial.seconds, series.bytes, "", not wrong, verdict, details=details)

    def _read(self, folder: Path) -> str:
        """Read all, timed; return which one is wrong, or an empty string."""
        series = self._arrays.series
        order = random.Random(_SEED).sample(range(series.n), series.n)  # noqa: S311
        want = answer.definition(series)
        arrays = self._trial.module.read(folder, series, order)
        wrong = ""
        for t in order:
            # Opening the one file is part of the first array.
            with self._trial.clock():
                got = memoryview(next(arrays)).cast("B")
            if got != want(t):
                wrong = wrong or f"array {t}"
        # The reader then closes its file.
        arrays.close()
        return wrong

    def _written(self, series: Series, name: str) -> Path:
        folder = self._scratch / name
        try:
            folder.mkdir()
        except OSError as error:
            raise OutputError(f"{folder}: {error.strerror}") from error
        self._trial.compute(series, folder, self._trial.workers)
        return folder


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
