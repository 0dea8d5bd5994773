"""MPI: rank r of p does tasks r, r + p, …; the errors are gathered on the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.linalg.definition import solve_by

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers

Errors = list[tuple[float, float]]


def own(xp: Any, problem: Tasks, comm: Any) -> Errors:
    """Do this rank's tasks; return both errors of each."""
    return [solve_by(xp, problem.n, seed) for seed in problem.seeds()[comm.rank :: comm.size]]


def gathered(mine: Errors, problem: Tasks, comm: Any) -> Errors:
    """Return the errors of all tasks on the first rank, an empty list on the others."""
    each = comm.gather(mine)
    if each is None:
        return []
    found: Errors = [(0.0, 0.0)] * problem.count
    for rank, errors in enumerate(each):
        found[rank :: comm.size] = errors
    return found


def tasks(problem: Tasks, workers: Workers) -> tuple[Errors, str]:
    """Do each rank's tasks; rank 0 returns the errors of all."""
    return gathered(own(np, problem, workers.comm), problem, workers.comm), ""
