"""One technique at one problem: run, timed and checked by the ranks that compute."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from hpcpy_common import machine, ranks, signals
from hpcpy_common.errors import described
from workloads.bench import options
from workloads.bench.result import Result, duration
from workloads.bench.workload import Trial
from workloads.parallel.workers import Workers

if TYPE_CHECKING:
    import argparse

    from workloads.bench.profiling import Measure
    from workloads.bench.workload import Attempt, Problem, Workload

# How long a rank that fails waits for all others at least.
_PATIENCE_SECONDS = 5.0
# How long one whose cause another rank knows waits: that one says it, and ends all.
_FOLLOW_SECONDS = 60.0


class Row(NamedTuple):
    """What becomes a row of a table: a technique's name, its problem, a number of ``--scale``."""

    name: str
    problem: Problem
    workers: int | None  # or ranks, where they compute


def timed(row: Row, workload: Workload, args: argparse.Namespace, profile: Measure) -> Result:
    """Time one technique; return rank 0's result on every rank, or raise an HpcpyError."""
    name, problem, count = row
    technique = workload.techniques[name]
    by_ranks = technique.parallel == "ranks"
    world: Any = ranks.world() if by_ranks or ranks.expected() > 1 else None
    # Those that compute: some ranks together, or the first process alone.
    comm = ranks.first(world, count or world.size) if by_ranks else None
    computes = comm is not None if by_ranks else world is None or world.rank == 0
    result, failure, begun = Result(name, problem.name), None, time.monotonic()
    if computes:
        try:
            with Workers(count or args.workers or machine.cores(), comm) as workers:
                trial = Trial(name, technique, workers, profile, comm)
                make = functools.partial(workload.attempt, problem, trial)
                _repeat(trial, make, result, args.repeat)
        except Exception as error:
            is_unread = isinstance(error, BrokenPipeError) and options.use_stdout(args)
            if signals.asked() or is_unread:
                raise
            failure = described(error)
    # As long again as it has taken: the others may be slower, or may wait for this one.
    follows = failure is not None and failure.follows
    least = _FOLLOW_SECONDS if follows else _PATIENCE_SECONDS
    patience = max(least, time.monotonic() - begun)
    return ranks.leave(world, comm, result, failure, patience)


def _repeat(trial: Trial, make: Callable[[], Attempt], result: Result, repeat: int) -> None:
    """Start the technique, and time it as often as asked."""
    workers, is_counted = trial.workers, machine.forget_peak()
    attempt = make()
    attempt.warm_up()
    for repetition in range(repeat):
        trial.repetition = repetition
        trial.seconds = workers.kernel_seconds = 0.0
        # Once: a process that tells it takes some milliseconds longer.
        workers.asks_memory = is_counted and repetition == 0
        result.add(attempt.once())
        if workers.kernel_seconds:
            result.kernel.append(workers.kernel_seconds)
    if result.kernel:
        result.add_note(f"kernel {duration(min(result.kernel))}")
    result.workers = result.cores = trial.count
    if trial.comm is not None:
        result.cores = machine.cores_of(_gathered(trial, [machine.place()]))
    elif not trial.technique.waits:
        result.cores = min(trial.count, machine.cores())
    # Before worker processes end; those that the technique has ended have told theirs.
    own = [*machine.peak_memory(), *workers.memory] if is_counted else []
    memory = _gathered(trial, own)
    result.memory, result.memory_kinds = ([each[place] for each in memory] for place in (0, 1))


def _gathered(trial: Trial, own: list[Any]) -> list[Any]:
    """Return what all ranks that compute have, on the first of them; elsewhere nothing."""
    if trial.comm is None:
        return own
    return [each for of_rank in trial.comm.gather(own) or () for each in of_rank]
