"""NumPy in this process, whose BLAS has threads of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from hpcpy_common import machine
from workloads.linalg.arrays import compute
from workloads.linalg.definition import Values, solve, solve_batch
from workloads.linalg.problems import BYTES_OF_EIGH, Problem

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers


def numpy(problem: Problem, _: Workers) -> tuple[Any, str]:
    """Compute one problem, by LAPACK and BLAS where it has matrices."""
    match problem.task:
        case "eigh" | "gram":
            (matrix,) = problem.arrays()
            return np.linalg.eigh(matrix), _threads()
        case "dot":
            first, second = problem.arrays()
            return first @ second, _threads()
        case "mean":
            return compute(np, problem), ""
        case _:
            numbers = np.arange(problem.n, dtype=np.float64)
            numbers += 1.0
            return float(np.sum(numbers)), ""


@functools.cache
def _threads() -> str:
    """Return how many threads BLAS has here: all cores are one worker's."""
    counts = [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]
    return f"threads of BLAS: {max(counts)}" if counts else ""


def serial(problem: Problem, _: Workers) -> tuple[Values, str]:
    """Do one task after the other, on one core: what workers are compared with."""
    with threadpool_limits(1, "blas"):
        return [solve(problem.n, seed) for seed in problem.seeds], "with one thread of BLAS"


def numpy_batch(problem: Problem, _: Workers) -> tuple[Values, str]:
    """Do many tasks in one call, on one core: a GPU gains by it, NumPy does not."""
    with threadpool_limits(1, "blas"):
        return in_batches(np, problem, machine.available_memory())


def in_batches(xp: Any, problem: Problem, memory: int) -> tuple[Values, str]:
    """Do as many tasks in a call of numpy or cupy as half of so many bytes hold."""
    most = max(1, memory // 2 // (BYTES_OF_EIGH * problem.n**2))
    size = min(most, problem.count)
    values: Values = []
    for first in range(0, problem.count, size):
        values += solve_batch(xp, problem.n, problem.seeds[first : first + size])
    return values, f"{size:,} matrices a call"
