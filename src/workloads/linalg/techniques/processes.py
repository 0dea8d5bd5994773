"""Processes of a fork server: each takes the next task when it has done one."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from workloads.harness.interrupts import run_all
from workloads.linalg import blas
from workloads.linalg.definition import solve

if TYPE_CHECKING:
    from workloads.harness.team import Team
    from workloads.linalg.problems import Tasks


def _prepare() -> None:
    """Do nothing: a process imports this module to find this function by its name."""


def tasks(problem: Tasks, team: Team) -> tuple[list[tuple[float, float]], str]:
    """Do the tasks in `team.workers` processes."""
    with blas.shared(team.workers) as note:
        pool = team.pool(_prepare, "numpy")
    sizes = itertools.repeat(problem.n, problem.count)
    done = dict(run_all(pool, solve, sizes, problem.seeds()))
    return [done[number] for number in range(problem.count)], note
