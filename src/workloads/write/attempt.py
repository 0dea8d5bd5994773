"""One technique at writing the arrays: timed, read back, put in its place."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from workloads.bench.workload import Outcome
from workloads.errors import OutputError
from workloads.parallel import ranks
from workloads.write import answer, reading
from workloads.write.definition import Series
from workloads.write.files import StuckError, require_room

if TYPE_CHECKING:
    from pathlib import Path

    from workloads.bench.run import Trial
    from workloads.parallel.workers import Workers
    from workloads.write.place import Place

T = TypeVar("T")

# Enough to load libraries and start workers before the clock starts.
_WARM_UP = Series(3, 2)


class Attempt:
    """One technique at writing the arrays.

    Parameters
    ----------
    series
        The arrays.
    place
        Where they go.
    trial
        The technique and its workers.
    verify
        Whether they are read back.
    """

    def __init__(self, series: Series, place: Place, trial: Trial, *, verify: bool) -> None:
        self._series, self._place, self._trial = series, place, trial
        self._verify = verify

        def scratch(_: Workers) -> contextlib.AbstractContextManager[Path]:
            return place.scratch(trial.name, trial.job)

        # Held by the workers, so that it is removed after its workers have ended.
        self._scratch = trial.workers.hold(scratch)
        self._on_all(self._require_room)

    def _require_room(self) -> None:
        if self._trial.job.first:
            need = reading.bytes_of(self._series, self._trial.module.read)
            require_room(self._scratch, need)

    def warm_up(self) -> None:
        """Write a few small arrays."""
        folder = self._scratch / "warm-up"
        self._write(_WARM_UP, folder)
        self._on_all(lambda: self._put(folder, keep=False) if self._trial.job.first else None)

    def once(self) -> Outcome:
        """Write all of them, read them back, and put them where they belong."""
        trial = self._trial
        folder = self._scratch / str(trial.repetition)
        note = self._write(self._series, folder)
        return self._on_all(lambda: self._judge(folder, note), quietly=True)

    def _write(self, series: Series, folder: Path) -> str:
        job = self._trial.job
        self._on_all(lambda: _make(folder) if job.first else None)
        with self._trial.clock():
            # The time runs until the last rank is done.
            note: str = self._on_all(
                lambda: self._trial.compute(series, folder, self._trial.workers)
            )
        return note

    def _judge(self, folder: Path, note: str) -> Outcome:
        trial, series = self._trial, self._series
        digest, right, verdict, details = "", True, "not verified", {}
        if trial.job.first:
            made, size = answer.files(folder)
            details = {"arrays": series.n, "files": made, "disk_bytes": size}
            if self._verify:
                digest, right, verdict = answer.check(series, trial.module.read(folder, series))
            self._put(folder, keep=right)
        return Outcome(trial.seconds, series.bytes, digest, right, verdict, note, details)

    def _put(self, folder: Path, *, keep: bool) -> None:
        try:
            if keep:
                self._place.keep(folder, self._trial.name)
            else:
                shutil.rmtree(folder)
        except OSError as error:
            raise OutputError(f"{folder}: {error.strerror}") from error

    def _on_all(self, act: Callable[[], T], *, quietly: bool = False) -> T:
        """Do something on every rank that computes; if one fails, all of them do."""
        job = self._trial.job
        failure: OutputError | None = None
        try:
            value = act()
        except StuckError:
            raise
        except OutputError as error:
            if not job.collective:
                raise
            failure = error
        if job.collective:
            if quietly:
                # Ranks that wait must not take cores from the one that works.
                ranks.idle_barrier(job.computing)
            failure = next(filter(None, job.computing.allgather(failure)), None)
            if failure is not None:
                failure.agreed = True
                raise failure
        return value


def _make(folder: Path) -> None:
    try:
        folder.mkdir()
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}") from error
