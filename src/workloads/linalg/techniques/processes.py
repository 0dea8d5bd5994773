"""Spawned processes: each takes a task when it has done one."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from workloads.linalg import blas
from workloads.linalg.definition import solve

if TYPE_CHECKING:
    from workloads.harness.team import Team
    from workloads.linalg.problems import Tasks


def _prepare() -> None:
    """Nothing beyond this module's own imports, which come with its name."""


def tasks(problem: Tasks, team: Team) -> tuple[list[tuple[float, float]], str]:
    """Do them in `team.workers` processes."""
    with blas.shared(team.workers) as note:
        pool = team.pool(_prepare)
    return [*pool.map(functools.partial(solve, problem.n), problem.seeds())], note
