"""Processes of a fork server: each takes the next task when it has done one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from workloads.linalg import blas
from workloads.linalg.definition import solve

if TYPE_CHECKING:
    from workloads.linalg.problems import Tasks
    from workloads.parallel.workers import Workers


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def tasks(problem: Tasks, workers: Workers) -> tuple[list[tuple[float, float]], str]:
    """Do the tasks in `workers.count` processes."""
    with blas.shared(workers.count) as note:
        pool = workers.pool(_prepare, "numpy")
    sizes = itertools.repeat(problem.n, problem.count)
    return list(pool.map(solve, sizes, problem.seeds())), note
