"""One technique on one area: start, time, check, write."""

from __future__ import annotations

import contextlib
import importlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workloads.errors import UsageError, WorkloadError
from workloads.harness import machine, progress, ranks
from workloads.harness.result import Result, duration
from workloads.harness.team import Team
from workloads.mandel import output
from workloads.mandel.answer import Answer
from workloads.mandel.blocks import block_rows, blocks, sample
from workloads.mandel.grid import Area, Grid
from workloads.mandel.registry import TECHNIQUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workloads.harness.arrays import Int32Array
    from workloads.harness.profiling import Profiler

    Compute = Callable[[Grid, range, Int32Array, Team], str]

# Before the clock starts each technique computes this much once, so that
# libraries are initialised and just-in-time compilers done.
_WARM_UP_ROWS = 2
_WARM_UP_COLUMNS = 16
_WARM_UP_MAXITER = 100


@dataclass(frozen=True)
class Wish:
    """How to run: from the command line.

    Parameters
    ----------
    workers
        Threads, processes or devices.
    repeat
        How often.
    full
        Whether slow techniques do all the work, too.
    profile
        Watches what is timed.
    ranks
        How many of the ranks compute; by default all.
    """

    workers: int
    repeat: int
    full: bool
    profile: Profiler
    ranks: int | None = None


class _WrongError(Exception):
    """The answer is wrong: its picture must not appear."""


class _Job:
    """All processes of this run: one, or the ranks of an MPI job."""

    def __init__(self, *, collective: bool, count: int | None) -> None:
        self.comm: Any = ranks.world() if collective or ranks.expected() > 1 else None
        self.first = self.comm is None or self.comm.rank == 0
        self.collective = collective
        # Of the ranks that compute. Those other than the first have a part in
        # collective techniques only.
        self.team: Any = None
        if collective:
            world = ranks.world()
            self.team = ranks.first(world, count or world.size)
        self.computes = self.team is not None if collective else self.first
        self._failure: WorkloadError | None = None

    def agree(self, value: Any) -> Any:
        """Return rank 0's value on every rank that computes."""
        return self.team.bcast(value, root=0) if self.collective else value

    @contextlib.contextmanager
    def failures(self) -> Iterator[None]:
        """Keep a known failure of rank 0 alone until every rank has left."""
        try:
            yield
        except WorkloadError as error:
            if self.comm is None or self.team is self.comm:
                raise
            self._failure = error

    def leave(self, value: Result) -> Result:
        """Wait for every rank; return rank 0's result, or raise its failure."""
        if self.comm is None:
            return value
        ranks.wait_quietly(self.comm)
        value, failure = self.comm.bcast((value, self._failure), root=0)
        if failure is not None:
            raise failure
        return value


def is_sampled(name: str, grid: Grid) -> bool:
    """Return whether a technique computes only some rows unless told otherwise."""
    return TECHNIQUES[name].slow and sample(grid) != range(grid.height)


def require_memory(grid: Grid) -> str:
    """Return what a large image takes, or an empty string for one block of rows.

    Raises
    ------
    UsageError
        When the machine has less memory.
    """
    rows = block_rows(grid)
    # A block of rows; the same again while the workers' shares are on their
    # way, and half of it where they are put in order; a kernel's arrays for
    # one row of points.
    need = (3 * 4 * rows + 100) * grid.width
    there = machine.available_memory()
    if there and need > there:
        raise UsageError(
            f"--size {grid.width} {grid.height} needs {need / 2**30:,.1f} GiB of memory, "
            f"{there / 2**30:,.1f} are available"
        )
    if rows == grid.height:
        return ""
    return (
        f"{4 * grid.width * grid.height / 2**30:,.1f} GiB of numbers in blocks of {rows:,} rows: "
        f"{need / 2**30:,.1f} GiB of memory, {there / 2**30:,.1f} are available"
    )


def run(name: str, area: Area, wish: Wish, out: Path | None) -> Result:
    """Time one technique on one area.

    Parameters
    ----------
    name
        The technique; it can run here.
    area
        What to compute.
    wish
        How.
    out
        Where its picture or numbers go, if anywhere.

    Returns
    -------
    Result
        Rank 0's, on every rank.
    """
    technique = TECHNIQUES[name]
    everything = range(area.grid.height)
    rows = sample(area.grid) if technique.slow and not wish.full else everything
    job = _Job(collective=technique.parallel == "ranks", count=wish.ranks)
    result = Result(name, area.name, complete=rows == everything)
    limits: list[tuple[float, float]] = []
    if job.computes:
        with job.failures(), Team(wish.workers, job.team) as members:
            started = time.perf_counter()
            module = importlib.import_module(technique.module)
            compute: Compute = module.compute
            _warm_up(compute, area.grid, members)
            result.start = time.perf_counter() - started
            timing = _Timing(name, compute, area, rows, members, job, wish.profile)
            for number in range(wish.repeat):
                timing.processor_seconds = members.kernel_seconds = 0.0
                timing.once(result, out if number == 0 and result.complete else None)
                if members.kernel_seconds:
                    result.kernel.append(members.kernel_seconds)
                # In turn, so that both have seen the same clock and neighbours.
                if hasattr(module, "limit"):
                    limits.append((module.limit(result.work), timing.processor_seconds))
            result.compare_with_limit(limits)
            result.tell_kernel()
        if job.collective:
            result.workers = members.comm.size
        elif technique.parallel in ("threads", "processes"):
            result.workers = members.workers
    result = job.leave(result)
    # Without a stored count the rows that were computed stand for all.
    result.total = area.tests or result.work * len(everything) // len(rows)
    if not result.complete:
        part = f"{len(rows)} of {len(everything):,} rows in {duration(min(result.samples))}"
        result.note = "; ".join(filter(None, (part, result.note)))
    return result


def _warm_up(compute: Compute, grid: Grid, members: Team) -> None:
    import numpy as np  # noqa: PLC0415

    columns = min(grid.width, _WARM_UP_COLUMNS)
    window = (grid.xmin, grid.xmax, grid.ymin, grid.ymax)
    small = Grid(*window, columns, _WARM_UP_ROWS, min(grid.maxiter, _WARM_UP_MAXITER))
    compute(small, range(small.height), np.empty((small.height, small.width), np.int32), members)


def _require(right: bool) -> None:
    if not right:
        raise _WrongError


@dataclass
class _Timing:
    """One technique's repetitions on one area."""

    name: str
    compute: Compute
    area: Area
    rows: range
    members: Team
    job: _Job
    profile: Profiler
    processor_seconds: float = 0.0

    def __post_init__(self) -> None:
        import numpy as np  # noqa: PLC0415

        technique = TECHNIQUES[self.name]
        # Workers of a slow technique have nothing to share in a single row.
        singly = technique.slow and technique.parallel == "no"
        length = min(len(self.rows), block_rows(self.area.grid, singly=singly))
        self._parts = list(blocks(self.rows, length))
        # Ranks other than the first hold no image.
        self._buffer = np.empty((length if self.job.first else 0, self.area.grid.width), np.int32)

    def _block(self, rows: range) -> tuple[Int32Array, float, str]:
        """Return a block of rows (valid until the next), seconds and note."""
        block = self._buffer[: len(rows)]
        # No escape time is negative: a row that nobody fills is found.
        block.fill(-1)
        if self.job.collective:
            self.job.team.Barrier()
        with self.profile.measure():
            started, used = time.perf_counter(), time.process_time()
            note = self.compute(self.area.grid, rows, block, self.members)
            seconds = time.perf_counter() - started
            self.processor_seconds += time.process_time() - used
        return block, seconds, note

    def once(self, result: Result, out: Path | None) -> None:
        """Compute everything once; add what it took and whether it is right."""
        answer = Answer(self.area, self.rows)
        wrong = ""
        try:
            with contextlib.ExitStack() as stack:
                target = None
                if out is not None and self.job.first:
                    target = stack.enter_context(output.sink(out, self.area.grid))
                result.samples.append(self._fill(result, answer, target))
                _require(self.job.agree(answer.right))
        except _WrongError:
            wrong = answer.explain(self._parts, lambda rows: self._block(rows)[0])
        first = len(result.samples) == 1
        result.work, result.answer = answer.tests, answer.sha256
        # A later repetition that is right does not excuse an earlier one.
        result.ok = not wrong and (first or result.ok)
        if first or wrong:
            result.verdict = wrong or answer.praise

    def _fill(self, result: Result, answer: Answer, target: output.Sink | None) -> float:
        total = 0.0
        with progress.bar(
            f"{self.name} {self.area.name}", len(self.rows), show=self.job.first
        ) as advance:
            for rows in self._parts:
                block, seconds, result.note = self._block(rows)
                total += seconds
                if self.job.first:
                    answer.take(rows, block)
                    if target is not None:
                        target.write(block)
                advance(len(rows))
        return total
