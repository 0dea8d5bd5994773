"""One technique at one problem: start, time, collect."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workloads.harness import memory
from workloads.harness.job import Job
from workloads.harness.result import Result
from workloads.harness.team import Team
from workloads.harness.trial import Trial

if TYPE_CHECKING:
    from workloads.harness.profiling import Profiler
    from workloads.harness.technique import Technique
    from workloads.harness.workload import Attempt, Problem


@dataclass(frozen=True)
class Wish:
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


def run(name: str, technique: Technique, problem: Problem, wish: Wish) -> Result:
    """Time one technique at one problem.

    Parameters
    ----------
    name
        The technique; it can run here.
    technique
        What the registry says of it.
    problem
        What to compute.
    wish
        How.

    Returns
    -------
    Result
        Rank 0's, on every rank.

    Raises
    ------
    WorkloadError
        When the technique cannot run here, or fails.
    """
    job = Job(collective=technique.parallel == "ranks", count=wish.ranks)
    result = Result(name, problem.name)
    if job.computes:
        with job.failures(), Team(wish.workers, job.team) as members:
            started, counted = time.perf_counter(), memory.begin()
            module = importlib.import_module(technique.module)
            trial = Trial(name, technique, module, members, job, wish.profile)
            attempt = problem.attempt(trial)
            attempt.warm_up()
            result.start = time.perf_counter() - started
            _repeat(trial, attempt, result, wish.repeat)
            result.workers = trial.workers
            cores = job.with_a_core(trial.workers)
            result.cores = trial.workers if technique.waits else cores
            # Before the team's processes end.
            result.memory = job.collected(memory.peaks() if counted else [])
    result = job.leave(result)
    problem.finish(result)
    return result


def _repeat(trial: Trial, attempt: Attempt, result: Result, times: int) -> None:
    limits: list[tuple[float, float]] = []
    for repetition in range(times):
        trial.reset(repetition)
        result.add(attempt.once())
        if trial.members.kernel_seconds:
            result.kernel.append(trial.members.kernel_seconds)
        if trial.members.busy:
            result.busy.append(trial.members.busy)
        # After each repetition, so that both have the same clock rate and neighbours.
        if hasattr(trial.module, "limit"):
            limits.append((trial.module.limit(result.work), trial.processor_seconds))
    result.compare_with_limit(limits)
    result.tell_kernel()
