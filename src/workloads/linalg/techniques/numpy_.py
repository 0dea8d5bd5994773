"""NumPy in this process, whose BLAS has threads of its own; and Dask's array of its arrays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from workloads.bench import machine
from workloads.linalg.definition import Errors, solve, solve_batch
from workloads.linalg.problems import BYTES_OF_EIGH, Problem

if TYPE_CHECKING:
    from workloads.parallel.workers import Workers

# Pieces for each worker: with one each, the workers that end first would be idle.
_PIECES = 4


def numpy(problem: Problem, _: Workers) -> tuple[Any, str]:
    """Compute one problem, by LAPACK and BLAS where it has matrices."""
    match problem.task:
        case "eigh" | "gram":
            (matrix,) = problem.arrays()
            return np.linalg.eigh(matrix), ""
        case "dot":
            first, second = problem.arrays()
            return first @ second, ""
        case "addone":
            numbers = np.arange(problem.n, dtype=np.float64)
            numbers += 1.0
            return float(np.sum(numbers)), ""
        case _:
            return mean_of(np.arange(problem.n, dtype=np.float64))


def dask_array(problem: Problem, workers: Workers) -> tuple[float, str]:
    """Take the mean by Dask in threads: the sums of NumPy's arrays release the GIL."""
    import dask  # noqa: PLC0415
    import dask.array as da  # noqa: PLC0415

    chunk = -(-problem.n // (_PIECES * workers.count))
    with dask.config.set(scheduler="threads", num_workers=workers.count):
        found, library = mean_of(da.arange(problem.n, dtype="f8", chunks=chunk))
    return found, f"{library}, pieces of {chunk:,}"


def mean_of(array: Any) -> tuple[float, str]:
    """Return the mean by the array's own library, and its name, as get_array_module finds it."""
    package = type(array).__module__.partition(".")[0]
    library = sys.modules["dask.array" if package == "dask" else package]
    return float(library.mean(array)), f"get_array_module: {library.__name__}"


def serial(problem: Problem, _: Workers) -> tuple[Errors, str]:
    """Do one task after the other."""
    return [solve(problem.n, seed) for seed in problem.seeds], ""


def numpy_batch(problem: Problem, _: Workers) -> tuple[Errors, str]:
    """Do many tasks in one call: a GPU gains by it, NumPy does not."""
    return in_batches(np, problem, machine.available_memory())


def in_batches(xp: Any, problem: Problem, memory: int) -> tuple[Errors, str]:
    """Do as many tasks in a call of numpy or cupy as half of so many bytes hold."""
    most = max(1, memory // 2 // (BYTES_OF_EIGH * problem.n**2))
    size = min(most, problem.count)
    errors: Errors = []
    for first in range(0, problem.count, size):
        errors += solve_batch(xp, problem.n, problem.seeds[first : first + size])
    return errors, f"{size:,} matrices a call"
