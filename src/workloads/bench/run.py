"""One technique at one problem: start, time, collect."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workloads.bench import memory
from workloads.bench.job import Job
from workloads.bench.result import Result
from workloads.bench.trial import Trial
from workloads.parallel.workers import Workers

if TYPE_CHECKING:
    from workloads.bench.profiling import Profiler
    from workloads.bench.technique import Technique
    from workloads.bench.workload import Attempt, Problem


@dataclass(frozen=True)
class Settings:
    """How to run: from the command line.

    Parameters
    ----------
    workers
        Threads, processes or devices.
    repeat
        How often.
    profile
        Watches what is timed.
    ranks
        How many of the ranks compute; by default all.
    """

    workers: int
    repeat: int
    profile: Profiler
    ranks: int | None = None


def run(name: str, technique: Technique, problem: Problem, how: Settings) -> Result:
    """Time one technique at one problem.

    Parameters
    ----------
    name
        The technique; it can run here.
    technique
        What the registry says of it.
    problem
        What to compute.
    how
        Of the command line.

    Returns
    -------
    Result
        Rank 0's, on every rank.

    Raises
    ------
    WorkloadError
        When the technique cannot run here, or fails.
    """
    job = Job(collective=technique.parallel == "ranks", count=how.ranks)
    result = Result(name, problem.name)
    if job.computes:
        with job.failures(), Workers(how.workers, job.computing) as workers:
            started, counted = time.perf_counter(), memory.begin()
            module = importlib.import_module(technique.module)
            trial = Trial(name, technique, module, workers, job, how.profile)
            attempt = problem.attempt(trial)
            attempt.warm_up()
            result.start = time.perf_counter() - started
            _repeat(trial, attempt, result, how.repeat)
            result.workers = trial.count
            cores = job.with_a_core(trial.count)
            result.cores = trial.count if technique.waits else cores
            # Before worker processes end.
            result.memory = job.collected(memory.peaks() if counted else [])
    result = job.leave(result)
    problem.finish(result)
    return result


def _repeat(trial: Trial, attempt: Attempt, result: Result, times: int) -> None:
    limits: list[tuple[float, float]] = []
    for repetition in range(times):
        trial.reset(repetition)
        result.add(attempt.once())
        if trial.workers.kernel_seconds:
            result.kernel.append(trial.workers.kernel_seconds)
        if trial.workers.busy:
            result.busy.append(trial.workers.busy)
        # After each repetition, so that both have the same clock rate and neighbours.
        if trial.technique.limit:
            limits.append((trial.technique.measure_limit(result.work), trial.processor_seconds))
    result.compare_with_limit(limits)
    result.tell_kernel()
