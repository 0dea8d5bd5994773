"""One area: what a technique computes of it, checked and written block by block."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from workloads.bench import machine
from workloads.bench.result import Result, duration
from workloads.bench.workload import Outcome
from workloads.errors import UsageError
from workloads.mandel import output
from workloads.mandel.answer import Answer
from workloads.mandel.grid import Area, Grid
from workloads.mandel.registry import TECHNIQUES, function

if TYPE_CHECKING:
    from workloads.bench.run import Trial
    from workloads.bench.workload import Int32Array

# Shorter work shows no bar.
_DELAY_SECONDS = 2.0


def _require_memory(grid: Grid) -> None:
    """Refuse an image whose blocks do not fit into memory."""
    # Under three blocks of rows: one, the same again while the workers' shares
    # are on their way, half while they are put in order. And 100 bytes a
    # column: a kernel's arrays for one row of points.
    need = (3 * 4 * grid.block_rows() + 100) * grid.width
    there = machine.available_memory()
    if there and need > there:
        raise UsageError(
            f"--size {grid.width} {grid.height} needs {need / 2**30:,.1f} GiB of memory, "
            f"{there / 2**30:,.1f} are available"
        )


@dataclass
class Picture:
    """An area that is to be computed, and where its picture goes."""

    area: Area
    full: bool  # whether slow techniques compute every row, too
    kernel: str  # of techniques that may use any
    out: Path | None = None
    written: bool = False  # whether a technique has written `out`: the first that is right does

    @property
    def name(self) -> str:
        """The area's name."""
        return self.area.name

    @property
    def task(self) -> str:
        """Of an area in single precision its name, as its techniques are for it alone."""
        return self.area.name

    @property
    def title(self) -> str:
        """The line above the table."""
        grid = self.area.grid
        return (
            f"mandel {self.name}: x {grid.xmin:g}…{grid.xmax:g}, y {grid.ymin:g}…{grid.ymax:g}, "
            f"{grid.width}×{grid.height}, maxiter {grid.maxiter}"
        )

    def parameters(self) -> Mapping[str, object]:
        """Return window, size and limit."""
        return vars(self.area.grid)

    def prepare(self, names: Sequence[str]) -> str:
        """Refuse what does not fit into memory, and ``--out`` of a sample."""
        _require_memory(self.area.grid)
        sampled = all(len(self.rows(name)) < self.area.grid.height for name in names)
        if sampled and self.out is not None:
            raise UsageError(
                f"--out: {', '.join(names)} would compute a sample of {self.name}",
                hint="add --full or a faster technique",
            )
        return ""

    def grown(self, times: int) -> Picture:
        """Return the same window with `times` as many rows; its answer is not stored."""
        if self.area.differing:
            raise UsageError(f"--weak: {self.name} has an answer at its own size alone")
        if self.out is not None:
            raise UsageError("--out: with --weak each number of workers has its own picture")
        if times == 1:
            return self
        grid = replace(self.area.grid, height=self.area.grid.height * times)
        return replace(self, area=Area(self.name, grid))

    def rows(self, name: str) -> range:
        """Return which rows a technique computes."""
        grid = self.area.grid
        sampled = TECHNIQUES[name].slow and not self.full
        return grid.sample() if sampled else range(grid.height)

    def attempt(self, trial: Trial) -> _Attempt:
        """Return what a technique does."""
        return _Attempt(self, trial)

    def finish(self, result: Result) -> None:
        """Complete a result: how much there was to do, and whether all was done."""
        grid, rows = self.area.grid, self.rows(result.impl)
        result.complete = len(rows) == grid.height
        # Without a stored count the computed rows stand for all.
        result.total = self.area.tests or result.work * grid.height // len(rows)
        if result.complete:
            # A wrong answer has left no file: the next technique writes it.
            self.written = self.written or result.ok
            return
        part = f"{len(rows)} of {grid.height:,} rows in {duration(min(result.samples))}"
        result.note = "; ".join(filter(None, (part, result.note)))

    def remarks(self, results: Sequence[Result]) -> list[str]:
        """Return the answers' hashes, and where the picture is."""
        lines = []
        for answer, result in {result.answer: result for result in reversed(results)}.items():
            rows = "" if result.complete else " of the sampled rows"
            lines.append(f"sha256{rows} {answer}: {result.verdict}")
        if self.area.differing:
            lines.append(f"{self.area.differing:,} pixels differ from double precision's")
        if self.out is not None and any(result.complete and result.ok for result in results):
            lines.append(f"written to {self.out}")
        return lines


class _WrongAnswerError(Exception):
    """Its file must not appear."""


class _Attempt:
    """One technique on one area."""

    def __init__(self, picture: Picture, trial: Trial) -> None:
        self._picture, self._trial, self._grid = picture, trial, picture.area.grid
        self._function = function(trial.name, picture.kernel)
        self._rows = picture.rows(trial.name)
        # Row by row where that takes long, so that the progress bar moves.
        slow = trial.technique.slow
        self._length = 1 if slow else min(len(self._rows), self._grid.block_rows())
        # Ranks other than the first hold no image.
        self._buffer = _empty(self._length if trial.job.first else 0, self._grid.width)

    def warm_up(self) -> None:
        """Compute a few points: libraries are initialised, and compilers done."""
        width, maxiter = min(self._grid.width, 16), min(self._grid.maxiter, 100)
        small = replace(self._grid, width=width, height=2, maxiter=maxiter)
        self._function(small, range(2), _empty(2, width), self._trial.workers)

    def once(self) -> Outcome:
        """Compute everything once, block by block, and write the file in the first repetition."""
        trial, picture = self._trial, self._picture
        answer = Answer(picture.area, self._rows, (trial.name, picture.kernel))
        note = ""
        title = f"{trial.name} {picture.name}"
        bar = _bar(title, len(self._rows), show=trial.job.first)
        with contextlib.suppress(_WrongAnswerError), self._file() as write, bar as advance:
            for first in range(0, len(self._rows), self._length):
                rows = self._rows[first : first + self._length]
                block = self._buffer[: len(rows)]
                # No escape time is negative: a row that nobody fills is noticed.
                block.fill(-1)
                with trial.clock():
                    note = self._function(self._grid, rows, block, trial.workers)
                if trial.job.first:
                    answer.take(rows, block)
                    write(block)
                advance(len(rows))
            if trial.job.first and not answer.right:
                raise _WrongAnswerError
        if not trial.job.first:
            return Outcome(trial.seconds, 0, "", ok=True, verdict="")
        return Outcome(
            trial.seconds, answer.tests, answer.sha256, answer.right, answer.verdict, note
        )

    def _file(self) -> contextlib.AbstractContextManager[output.Write]:
        """Return what gives the function that writes a block."""
        trial, picture = self._trial, self._picture
        complete = trial.job.first and len(self._rows) == self._grid.height
        if picture.out and complete and not picture.written and not trial.repetition:
            return output.sink(picture.out, self._grid)
        return contextlib.nullcontext(lambda _: None)


@contextlib.contextmanager
def _bar(title: str, total: int, *, show: bool) -> Iterator[Callable[[int], object]]:
    """Give what adds rows to a bar, which a terminal shows of a long computation."""
    # A Python outside the image may lack tqdm.
    if not (show and sys.stderr.isatty()) or importlib.util.find_spec("tqdm") is None:
        yield lambda _: None
        return
    from tqdm import tqdm  # noqa: PLC0415

    with tqdm(desc=title, total=total, unit="row", delay=_DELAY_SECONDS, leave=False) as shown:
        yield shown.update


def _empty(height: int, width: int) -> Int32Array:
    import numpy as np  # noqa: PLC0415

    return np.empty((height, width), np.int32)
