"""``python -m workloads mandel``: what may be asked for, and what is computed of an area."""
# ruff: noqa: D102  (`workloads.bench.workload` says what the methods are for)

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hpcpy_common.errors import UnavailableError, UsageError
from workloads.bench.result import Result, duration
from workloads.bench.workload import Outcome, Workload
from workloads.mandel import output, registry
from workloads.mandel.grid import AREAS, SINGLE_AREAS, Answer, Area, Grid

if TYPE_CHECKING:
    from workloads.bench.workload import Int32Array, Trial

# Shorter work shows no bar.
_DELAY_SECONDS = 2.0
_ALL_AREAS = AREAS | SINGLE_AREAS


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
        return self.area.name

    @property
    def task(self) -> str:
        """The area's name in single precision, whose techniques are for it alone."""
        return self.area.name

    @property
    def title(self) -> str:
        grid = self.area.grid
        return (
            f"mandel {self.name}: x {grid.xmin:g}…{grid.xmax:g}, y {grid.ymin:g}…{grid.ymax:g}, "
            f"{grid.width}×{grid.height}, maxiter {grid.maxiter}"
        )

    def parameters(self) -> Mapping[str, object]:
        return vars(self.area.grid)

    def prepare(self, names: Sequence[str]) -> None:
        """Refuse what does not fit into memory, and ``--out`` of a sample."""
        self.area.grid.require_memory()
        sampled = all(len(self.rows(name)) < self.area.grid.height for name in names)
        if sampled and self.out is not None:
            raise UsageError(
                f"--out: {', '.join(names)} would compute a sample of {self.name}",
                hint="add --full or a faster technique",
            )

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
        sampled = registry.TECHNIQUES[name].slow and not self.full
        return grid.sample() if sampled else range(grid.height)

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
        self._rows = picture.rows(trial.name)
        self._is_complete = len(self._rows) == self._grid.height
        self._least = math.inf  # seconds of a repetition
        # Row by row where that takes long, so that the progress bar moves.
        slow = trial.technique.slow
        self._length = 1 if slow else min(len(self._rows), self._grid.block_rows())
        # Ranks other than the first hold no image.
        self._buffer = _empty(self._length if trial.is_first else 0, self._grid.width)

    def warm_up(self) -> None:
        """Compute a few points: libraries are initialised, and compilers done."""
        width, maxiter = min(self._grid.width, 16), min(self._grid.maxiter, 100)
        small = replace(self._grid, width=width, height=2, maxiter=maxiter)
        self._compute(small, range(2), _empty(2, width))

    def once(self) -> Outcome:
        """Compute everything once, block by block, and write the file in the first repetition."""
        trial, picture = self._trial, self._picture
        answer = Answer(picture.area, self._rows, (trial.name, picture.kernel))
        title = f"{trial.name} {picture.name}"
        bar = _bar(title, len(self._rows), show=trial.is_first)
        with contextlib.suppress(_WrongAnswerError), self._file() as write, bar as advance:
            for first in range(0, len(self._rows), self._length):
                rows = self._rows[first : first + self._length]
                block = self._buffer[: len(rows)]
                # No escape time is negative: a row that nobody fills is noticed.
                block.fill(-1)
                with trial.clock():
                    self._compute(self._grid, rows, block)
                if trial.is_first:
                    answer.take(rows, block)
                    write(block)
                advance(len(rows))
            if trial.is_first and not answer.right:
                raise _WrongAnswerError
        return self._outcome(answer) if trial.is_first else Outcome(0, 0, "", True, "")

    def _compute(self, grid: Grid, rows: range, out: Int32Array) -> None:
        registry.compute(self._trial, grid, rows, out, self._picture.kernel)

    def _outcome(self, answer: Answer) -> Outcome:
        """Return what the first rank says of a repetition: of a sample, of how many rows it is."""
        note = registry.note(self._trial, self._picture.kernel)
        tests, total, seconds = answer.tests, 0, self._trial.seconds
        self._least = min(self._least, seconds)
        if not self._is_complete:
            done, height = len(self._rows), self._grid.height
            # Without a stored count the computed rows stand for all.
            total = answer.area.tests or tests * height // done
            part = f"{done} of {height:,} rows in {duration(self._least)}"
            note = "; ".join(filter(None, (part, note)))
        return Outcome(
            seconds, tests, answer.sha256, answer.right, answer.verdict, note, total=total
        )

    @contextlib.contextmanager
    def _file(self) -> Iterator[output.Write]:
        """Give the function that writes a block; a wrong answer leaves no file."""
        trial, picture = self._trial, self._picture
        is_due = trial.is_first and self._is_complete and not trial.repetition
        if picture.out is None or picture.written or not is_due:
            yield lambda _: None
            return
        with output.sink(picture.out, self._grid) as write:
            yield write
        picture.written = True


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


def _add_options(what: argparse._ArgumentGroup) -> None:
    what.add_argument("--area", choices=[*_ALL_AREAS], help="one area (default: area1 and area2)")
    what.add_argument(
        "--window", nargs=4, type=float, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
        help="any other window, with --size and --maxiter",
    )  # fmt: skip
    what.add_argument("--size", nargs=2, type=int, metavar=("W", "H"), help="pixels")
    what.add_argument("--maxiter", type=int, metavar="N", help="tests a point at most")
    what.add_argument(
        "--kernel", choices=registry.KERNELS,
        help="what the workers of threads, processes and ranks compute with (default: the first "
        "that can run here)",
    )  # fmt: skip
    text = "write a picture (.png) or the numbers (.npy) of one area"
    what.add_argument("--out", type=Path, metavar="FILE", help=text)


def _areas(args: argparse.Namespace) -> list[Area]:
    """Return the areas to compute; --size and --maxiter change a stored area."""
    if args.window is not None:
        if args.area:
            raise UsageError("--area and --window exclude each other")
        if args.size is None or args.maxiter is None:
            raise UsageError("--window needs --size W H and --maxiter N")
        xmin, xmax, ymin, ymax = args.window
        width, height = args.size
        return [Area("window", Grid(xmin, xmax, ymin, ymax, width, height, args.maxiter))]
    if args.area in SINGLE_AREAS and (args.size is not None or args.maxiter is not None):
        raise UsageError(
            f"--area {args.area}: has an answer at its own size and limit alone",
            hint="leave out --size and --maxiter",
        )
    areas = [_ALL_AREAS[args.area]] if args.area else list(AREAS.values())
    return [_resized(area, args.size, args.maxiter) for area in areas]


def _resized(area: Area, size: Sequence[int] | None, maxiter: int | None) -> Area:
    grid = area.grid
    width, height = size or (grid.width, grid.height)
    limit = grid.maxiter if maxiter is None else maxiter
    changed = replace(grid, width=width, height=height, maxiter=limit)
    # Back at the stored size it is the stored area, reference included.
    return area if changed == grid else Area(area.name, changed)


def _problems(args: argparse.Namespace) -> list[Picture]:
    areas = _areas(args)
    if args.out is not None and len(areas) > 1:
        raise UsageError(f"--out {args.out}: takes one picture", hint="add --area area1")
    kernel = args.kernel or registry.first_kernel()
    if args.kernel and (reason := registry.TECHNIQUES[kernel].why_not()):
        raise UnavailableError(f"--kernel {kernel} cannot run here: {reason}")
    return [Picture(area, args.full, kernel, args.out) for area in areas]


def _with_kernel(workload: Workload, args: argparse.Namespace) -> Workload:
    own = registry.of_kernel(args.kernel or registry.first_kernel())
    return replace(workload, techniques={**workload.techniques, **own})


WORKLOAD = Workload(
    name="mandel",
    description="Escape times of the Mandelbrot set in double precision. Every technique "
    "gives the same bytes; the rate counts how often |z|² > 4 is asked.",
    title="Mandelbrot set",
    rate="escape tests a second",
    unit="M tests/s",
    techniques=registry.TECHNIQUES,
    fastest=registry.FASTEST,
    add_options=_add_options,
    attempt=_Attempt,
    problems=_problems,
    baseline=("python", "numpy-single"),
    grown=Picture.grown,
    adapt=_with_kernel,
    outputs={"--out": output.FORMATS},
)
