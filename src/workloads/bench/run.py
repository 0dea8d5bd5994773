"""One technique at one problem: start its workers, time it, collect a result."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from workloads.bench import machine
from workloads.bench.result import Result, duration
from workloads.errors import WorkloadError
from workloads.parallel import ranks
from workloads.parallel.workers import Workers

if TYPE_CHECKING:
    from workloads.bench.profiling import Measure
    from workloads.bench.technique import Technique
    from workloads.bench.workload import Problem

T = TypeVar("T")


class Job:
    """All processes of a run: one, or the ranks of an MPI job, of which `count` may compute."""

    def __init__(self, *, collective: bool, count: int | None = None) -> None:
        self.collective = collective
        self.comm: Any = None
        if collective or ranks.expected() > 1:
            self.comm = ranks.world()
        self.first = self.comm is None or self.comm.rank == 0
        # The communicator of the ranks that compute; none where the first computes alone.
        self.computing: Any = None
        if collective:
            self.computing = ranks.first(self.comm, count or self.comm.size)
        self.computes = self.computing is not None if collective else self.first

    def agree(self, value: T) -> T:
        """Return rank 0's value on every rank that computes."""
        agreed: T = self.computing.bcast(value, root=0) if self.collective else value
        return agreed

    def collected(self, value: T) -> list[T]:
        """Return the values of all ranks that compute, on the first of them; elsewhere none."""
        return (self.computing.gather(value) or []) if self.collective else [value]

    def leave(self, value: T, failure: WorkloadError | None = None) -> T:
        """Wait for every rank; return rank 0's value, or raise its failure."""
        if self.comm is not None:
            ranks.idle_barrier(self.comm)
            value, failure = self.comm.bcast((value, failure), root=0)
            if self.computing not in (None, self.comm):
                # MPICH has about 2,000 communicators at a time.
                self.computing.Free()
        if failure is not None:
            failure.agreed = True
            raise failure
        return value


@dataclass
class Trial:
    """One technique, ready to be timed."""

    name: str
    technique: Technique
    workers: Workers
    job: Job
    profile: Measure
    repetition: int = 0  # how many there have been before
    seconds: float = 0.0  # of this repetition so far, by the wall clock

    @property
    def compute(self) -> Callable[..., Any]:
        """The technique's function."""
        return self.technique.load()

    @property
    def count(self) -> int:
        """How many compute; right only once they have started."""
        if self.job.collective:
            return int(self.workers.comm.size)
        return self.workers.count if self.technique.parallel in ("threads", "processes") else 1

    @contextlib.contextmanager
    def clock(self) -> Iterator[None]:
        """Give a region that is timed and profiled; the ranks that compute begin it together."""
        if self.job.collective:
            self.job.computing.Barrier()
        with self.profile():
            started = time.perf_counter()
            yield
            self.seconds += time.perf_counter() - started


@dataclass(frozen=True)
class Settings:
    """How to run: workers, how often, what watches it, and how many ranks (by default all)."""

    workers: int
    repeat: int
    profile: Measure
    ranks: int | None = None


def run(name: str, technique: Technique, problem: Problem, settings: Settings) -> Result:
    """Time one technique at one problem; return rank 0's result on every rank."""
    job = Job(collective=technique.parallel == "ranks", count=settings.ranks)
    result, failure = Result(name, problem.name), None
    if job.computes:
        try:
            with Workers(settings.workers, job.computing) as workers:
                trial = Trial(name, technique, workers, job, settings.profile)
                _time(trial, problem, result, settings.repeat)
        except WorkloadError as error:
            # The others must learn at once of a failure that only some ranks
            # know: they may be waiting for this one.
            alone = job.collective and not error.agreed
            if job.comm is None or job.computing is job.comm or alone:
                raise
            failure = error
    result = job.leave(result, failure)
    problem.finish(result)
    return result


def _time(trial: Trial, problem: Problem, result: Result, repeat: int) -> None:
    """Start the technique, and time it as often as asked."""
    begun, workers = time.perf_counter(), trial.workers
    is_counted = machine.forget_peak()
    attempt = problem.attempt(trial)
    attempt.warm_up()
    result.start = time.perf_counter() - begun
    for repetition in range(repeat):
        trial.repetition = repetition
        trial.seconds = workers.kernel_seconds = 0.0
        result.add(attempt.once())
        if workers.kernel_seconds:
            result.kernel.append(workers.kernel_seconds)
    if result.kernel:
        result.add_note(f"kernel {duration(min(result.kernel))}")
    result.workers = trial.count
    result.cores = trial.count if trial.technique.waits else _cores(trial)
    # Before worker processes end.
    peaks = trial.job.collected(machine.peak_memory() if is_counted else [])
    result.memory = [peak for of_rank in peaks for peak in of_rank]


def _cores(trial: Trial) -> int:
    """Return, on the first rank, how many of the workers can have a core each."""
    if trial.job.collective:
        return machine.cores_of(trial.job.collected(machine.place()))
    return min(trial.count, machine.cores())
