"""NumPy in this process, one task after the other; its BLAS has threads of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.linalg.definition import mean_of, solve

if TYPE_CHECKING:
    from workloads.bench.arrays import Float64Array
    from workloads.linalg.problems import AddOne, Dot, Eigh, Mean, Tasks
    from workloads.parallel.workers import Workers


def eigh(problem: Eigh, _: Workers) -> tuple[Any, str]:
    """Solve by LAPACK."""
    return np.linalg.eigh(problem.matrix()), ""


gram = eigh


def tasks(problem: Tasks, _: Workers) -> tuple[list[tuple[float, float]], str]:
    """Do one task after the other."""
    return [solve(problem.n, seed) for seed in problem.seeds()], ""


def dot(problem: Dot, _: Workers) -> tuple[Float64Array, str]:
    """Multiply by BLAS."""
    first, second = problem.factors()
    return first @ second, ""


def addone(problem: AddOne, _: Workers) -> tuple[float, str]:
    """Add one and sum up on one core."""
    numbers = np.arange(problem.n, dtype=np.float64)
    numbers += 1.0
    return float(np.sum(numbers)), ""


def mean(problem: Mean, _: Workers) -> tuple[float, str]:
    """Take the mean by NumPy."""
    return mean_of(np.arange(problem.n, dtype=np.float64))
