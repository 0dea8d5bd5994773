"""NumPy in this process, whose BLAS has threads of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from workloads.linalg import arrays
from workloads.linalg.definition import Values, solve, symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workloads.bench.workload import Float64Array


def eigh(matrix: Float64Array) -> tuple[Float64Array, Float64Array]:
    """Return eigenvalues and vectors, by LAPACK."""
    values, vectors = np.linalg.eigh(matrix)
    return values, vectors


def dot(first: Float64Array, second: Float64Array) -> Float64Array:
    """Return a product, by BLAS."""
    product: Float64Array = first @ second
    return product


def mean(n: int) -> float:
    """Return the mean of the first numbers, by the lines that any package takes."""
    return arrays.mean(n, np)


def addone(n: int) -> float:
    """Add one to each of the first numbers; return the sum."""
    numbers = np.arange(n, dtype=np.float64)
    numbers += 1.0
    return float(np.sum(numbers))


def serial(n: int, seeds: Sequence[int]) -> Values:
    """Do one task after the other, on one core: what workers are compared with."""
    with threadpool_limits(1, "blas"):
        return [solve(n, seed) for seed in seeds]


def batch(n: int, seeds: Sequence[int], size: int) -> Values:
    """Do `size` tasks in a call, on one core: a GPU gains by it, NumPy does not."""
    found: Values = []
    with threadpool_limits(1, "blas"):
        for first in range(0, len(seeds), size):
            stack = np.stack([symmetric(n, seed) for seed in seeds[first : first + size]])
            values, _ = np.linalg.eigh(stack)
            found += [*values]
    return found


if __name__ == "__main__":
    print(eigh(symmetric(1000, 2022))[0])
